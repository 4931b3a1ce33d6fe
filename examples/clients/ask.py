"""Asks through the gate with one PyPI client: `python ask.py NAME`, with GATE and TOKEN in the environment."""
import os
import sys

GATE, TOKEN = os.environ["GATE"], os.environ["TOKEN"]
MESSAGES = [{"role": "user", "content": "hello"}]


def with_openai():
    import openai

    client = openai.OpenAI(base_url=f"{GATE}/v1", api_key=TOKEN)
    whole = client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    chunks = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)
    streamed = "".join(it.choices[0].delta.content or "" for it in chunks)
    return [whole.choices[0].message.content, streamed]


def with_anthropic():
    import anthropic

    said = []
    for credential in ({"auth_token": TOKEN}, {"api_key": TOKEN}):
        client = anthropic.Anthropic(base_url=GATE, **credential)
        said.append(client.messages.create(model="claude-x", max_tokens=16, messages=MESSAGES).content[0].text)
    return said


def with_langchain():
    from langchain_openai import ChatOpenAI

    return [ChatOpenAI(model="gpt-4o", base_url=f"{GATE}/v1", api_key=TOKEN).invoke("hello").content]


print(*{"openai": with_openai, "anthropic": with_anthropic, "langchain-openai": with_langchain}[sys.argv[1]]())
