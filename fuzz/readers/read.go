// Reads bodies as Go servers do: forms with net/http, JSON with encoding/json into a struct, whose members are found
// whatever their case, and into a map. The protocol is that of read.py.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type asked struct {
	Type string `json:"type"`
	Body string `json:"body"`
}

type named struct {
	Model string `json:"model"`
}

type request struct {
	Params named `json:"params"`
	Body   named `json:"body"`
}

// call is what a server of this API declares.
type call struct {
	Model     string    `json:"model"`
	ModelID   string    `json:"model_id"`
	Models    []string  `json:"models"`
	Fallbacks []any     `json:"fallbacks"`
	Session   named     `json:"session"`
	Extra     named     `json:"extra_body"`
	Requests  []request `json:"requests"`
	Tools     []named   `json:"tools"`
}

type answer struct {
	Fields [][2]string `json:"fields"`
	Files  [][2]string `json:"files"`
	JSON   any         `json:"json"`
	Struct *call       `json:"struct"`
	Lines  []any       `json:"lines"`
}

func text(body []byte) any {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil
	}
	return value
}

func form(contentType string, body []byte) (fields, files [][2]string) {
	made, err := http.NewRequest("POST", "http://gate.test/", bytes.NewReader(body))
	if err != nil {
		return nil, nil
	}
	made.Header.Set("Content-Type", contentType)
	if err := made.ParseMultipartForm(1 << 26); err != nil && err != http.ErrNotMultipart {
		return nil, nil
	}
	if err := made.ParseForm(); err != nil {
		return nil, nil
	}
	fields, files = [][2]string{}, [][2]string{}
	for name, values := range made.PostForm {
		for _, value := range values {
			fields = append(fields, [2]string{name, value})
		}
	}
	if made.MultipartForm != nil {
		for name, parts := range made.MultipartForm.File {
			for _, part := range parts {
				file, err := part.Open()
				if err != nil {
					continue
				}
				content, _ := io.ReadAll(file)
				files = append(files, [2]string{name, base64.StdEncoding.EncodeToString(content)})
			}
		}
	}
	return fields, files
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var it asked
		if json.Unmarshal(line, &it) != nil {
			return
		}
		body, _ := base64.StdEncoding.DecodeString(it.Body)
		read := answer{JSON: text(body)}
		read.Fields, read.Files = form(it.Type, body)
		var declared call
		if json.Unmarshal(body, &declared) == nil {
			read.Struct = &declared
		}
		for _, file := range read.Files {
			content, _ := base64.StdEncoding.DecodeString(file[1])
			lines := bufio.NewScanner(bytes.NewReader(content))
			for lines.Scan() {
				read.Lines = append(read.Lines, text(lines.Bytes()))
			}
		}
		written, err := json.Marshal(read)
		if err != nil {
			return
		}
		out.Write(append(written, '\n'))
		out.Flush()
	}
}
