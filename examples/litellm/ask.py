"""Lists models, chats, streams and embeds through the gate, with the token in TOKEN."""
import os

import openai

client = openai.OpenAI(base_url="http://127.0.0.1:4180/v1", api_key=os.environ["TOKEN"])


def show(name, ask):
    try:
        print(f"{name:8}", ask())
    except openai.APIStatusError as error:
        print(f"{name:8}", error.status_code, error.code)


def said(model):
    messages = [{"role": "user", "content": "hello"}]
    return client.chat.completions.create(model=model, messages=messages).choices[0].message.content


def streamed(model):
    messages = [{"role": "user", "content": "hello"}]
    chunks = client.chat.completions.create(model=model, messages=messages, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def embedded(model):
    return len(client.embeddings.create(model=model, input="hello", encoding_format="float").data)


show("models", lambda: [model.id for model in client.models.list()])
show("chat", lambda: said("gpt-4o"))
show("stream", lambda: streamed("gpt-4o-mini"))
show("embed", lambda: embedded("text-embedding-3-small"))
