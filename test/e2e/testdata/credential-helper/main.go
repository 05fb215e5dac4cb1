// Command credential-helper is the content of an image with a docker credential helper, as clouds have them: it asks a service
// beside the node for a registry's password. Called as cp it copies, as an image with a helper and no shell needs.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// service is where passwords are given out.
const service = "http://identity.example.org/credential"

func main() {
	err := errors.New("want: cp FROM FOLDER, or get")
	switch args := os.Args; {
	case filepath.Base(args[0]) == "cp" && len(args) == 3:
		err = copyInto(args[1], args[2])
	case len(args) == 2 && args[1] == "get":
		err = get(os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Println(err) // the protocol wants errors on standard output
		os.Exit(1)
	}
}

func copyInto(file, folder string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, filepath.Base(file)), content, 0o755)
}

// get reads a registry's host and writes what to log in with.
func get(in io.Reader, out io.Writer) error {
	host, err := io.ReadAll(io.LimitReader(in, 1024))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get(service + "?host=" + url.QueryEscape(strings.TrimSpace(string(host))))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the identity service says %s", answer.Status)
	}
	var credential struct{ ServerURL, Username, Secret string }
	if err := json.NewDecoder(answer.Body).Decode(&credential); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(credential)
}
