package workload

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Bounds of what is read.
const (
	// MaxBytes bounds one file, and standard input, in bytes: 1 GiB of JSON.
	MaxBytes = 1 << 30
	// MaxYAML bounds what is YAML, which is in memory as a whole: 32 MiB.
	MaxYAML = 32 << 20
	// MaxObjects bounds the objects in all files.
	MaxObjects = 200_000
)

// Reader hands each object that it reads to a function.
type Reader struct {
	// Each is given the objects in their order. Its error ends the reading.
	Each func(object map[string]any) error
	// List is given what a list in JSON has beside its items, after these; nil is fine. Its error ends the reading.
	List func(rest map[string]any) error
	// Most bounds each stream, in bytes. Default: MaxBytes.
	Most int64

	objects int
}

// Read reads all objects of a stream, which is called name in errors. Lists are taken apart. An error says what is wrong
// with the input, and where.
func (r *Reader) Read(stream io.Reader, name string) error {
	most := cmp.Or(r.Most, MaxBytes)
	bounded := &bounded{stream, most, most}
	buffered := bufio.NewReaderSize(bounded, 1<<16)
	first, err := firstByte(buffered)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: it is empty; give it Kubernetes objects, as by kubectl get pods -A -o json", name)
	}
	if err == nil && first == '{' {
		err = r.readJSON(json.NewDecoder(buffered))
	} else if err == nil {
		err = r.readYAML(buffered)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// firstByte is the first that is no space; it stays unread.
func firstByte(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if !unicode.IsSpace(rune(b)) {
			return b, r.UnreadByte()
		}
	}
}

// object hands one object on, or the objects of a list.
func (r *Reader) object(value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return errors.New("it holds something that is no Kubernetes object; write one with kubectl get -o json")
	}
	if items, ok := object["items"].([]any); ok {
		if err := isList(object); err != nil {
			return err
		}
		for _, item := range items {
			if err := r.object(item); err != nil {
				return err
			}
		}
		return nil
	}
	if r.objects++; r.objects > MaxObjects {
		return fmt.Errorf("there are more than %d objects; make a report for some namespaces at a time", MaxObjects)
	}
	return r.Each(object)
}

// isList returns an error for an object with items whose kind is none of a list, such as PodList or List. It would be left out
// of the report, and its items stand in its place.
func isList(object map[string]any) error {
	if kind := Text(object, "kind"); kind != "" && !strings.HasSuffix(kind, "List") {
		return fmt.Errorf("%s has items, which only a list has; correct it, or leave it out", printable.Quote(printable.Cut(kind, maxKind)))
	}
	return nil
}

// maxKind bounds what an error repeats of a kind, in bytes.
const maxKind = 64

// bounded ends a stream that is too long with an error.
type bounded struct {
	from       io.Reader
	left, most int64
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("it is larger than %d bytes; make a report for some namespaces at a time", b.most)
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// readYAML reads all documents.
func (r *Reader) readYAML(stream io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(stream, MaxYAML+1))
	if err != nil {
		return err
	}
	if len(text) > MaxYAML {
		return fmt.Errorf("it is YAML and larger than %d bytes; write it as JSON, with kubectl get -o json", MaxYAML)
	}
	return documents(bytes.NewReader(text), r.object)
}
