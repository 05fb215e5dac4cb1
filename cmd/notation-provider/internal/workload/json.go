package workload

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readJSON reads one value after the other.
func (r *Reader) readJSON(decoder *json.Decoder) error {
	for {
		err := r.readValue(decoder)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return jsonError(decoder, err)
		}
	}
}

// readValue reads one object. The items of a list are handed on as they come.
func (r *Reader) readValue(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err // io.EOF where there is no value left
	}
	if token != json.Delim('{') {
		return errors.New("it holds something that is no Kubernetes object; write one with kubectl get -o json")
	}
	object, list := map[string]any{}, false
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return unexpected(err)
		}
		if key == "items" {
			if list, err = r.readItems(decoder, object); err != nil {
				return unexpected(err)
			}
			continue
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return unexpected(err)
		}
		object[fmt.Sprint(key)] = value
	}
	if _, err := decoder.Token(); err != nil {
		return unexpected(err)
	}
	if !list {
		return r.object(object)
	}
	if err := isList(object); err != nil || r.List == nil {
		return err
	}
	return r.List(object)
}

// readItems reads the value of "items", which is an array in a list of objects.
func (r *Reader) readItems(decoder *json.Decoder, object map[string]any) (list bool, err error) {
	token, err := decoder.Token()
	if err != nil {
		return false, err
	}
	if token != json.Delim('[') {
		return false, errors.New(`"items" is no list; write the objects with kubectl get -o json`)
	}
	delete(object, "items")
	for decoder.More() {
		var item any
		if err := decoder.Decode(&item); err != nil {
			return false, err
		}
		if err := r.object(item); err != nil {
			return false, err
		}
	}
	_, err = decoder.Token()
	return true, err
}

// unexpected tells an input that ends too early from one that ends.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// jsonError says where an input is no JSON.
func jsonError(decoder *json.Decoder, err error) error {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	if syntax || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it is not JSON after byte %d: %w; write it again, for it may be cut off", decoder.InputOffset(), err)
	}
	return err
}
