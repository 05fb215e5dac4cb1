package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// digestHeader is where a registry says which digest its answer has (distribution specification, "Pulling manifests").
const digestHeader = "Docker-Content-Digest"

// Normalize returns a client that brings answers about manifests into the form of the distribution specification, which
// oras wants to the letter: a HEAD that is refused or says too little is asked as a GET, and a GET that lacks its length
// or has a Content-Type of another spelling is read and described by its content. A registry that answers to the
// letter is asked nothing more.
func Normalize(client remote.Client) remote.Client { return normalized{client} }

type normalized struct{ remote.Client }

// Do implements remote.Client.
func (n normalized) Do(request *http.Request) (*http.Response, error) {
	response, err := n.Client.Do(request)
	if err != nil || path.Base(path.Dir(request.URL.Path)) != "manifests" {
		return response, err
	}
	refused := response.StatusCode != http.StatusOK
	switch {
	case !refused && suffices(request, response):
		return response, nil
	case request.Method == http.MethodGet && !refused:
		return described(request, response)
	case request.Method == http.MethodHead && (!refused || refusesHead(response)):
		_ = response.Body.Close()
		return n.get(request)
	}
	return response, nil
}

// suffices tells whether oras can take an answer as it is. One to HEAD needs a length and a digest, and no manifest has a
// length of nothing. A digest in the header must be one that can be held against what was asked for. One that is another
// digest of the same algorithm can: it is wrong, and oras says so.
func suffices(request *http.Request, response *http.Response) bool {
	kind, text := contentType(response.Header), response.Header.Get(digestHeader)
	complete := kind == response.Header.Get("Content-Type") && response.ContentLength >= 0
	if request.Method == http.MethodHead {
		complete = response.ContentLength > 0 && text != ""
	}
	told, err := digest.Parse(text)
	asked, noDigest := digest.Parse(path.Base(request.URL.Path))
	return complete && isManifest(kind) && (text == "" || err == nil && (noDigest != nil || told.Algorithm() == asked.Algorithm()))
}

// get asks by GET what HEAD was asked.
func (n normalized) get(head *http.Request) (*http.Response, error) {
	request := head.Clone(head.Context())
	request.Method = http.MethodGet
	response, err := n.Client.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	return described(request, response)
}

// refusesHead tells the answers that may be about HEAD alone. A 404 is not among them: it is the specification's word for
// a manifest that is not there, by either method. Nor is what asks for credentials (a 401 that says how to give them) or
// for patience (429), and what has failed, which a second request does not help.
func refusesHead(response *http.Response) bool {
	switch status := response.StatusCode; status {
	case http.StatusNotFound, http.StatusTooManyRequests:
		return false
	case http.StatusUnauthorized:
		return response.Header.Get("WWW-Authenticate") == ""
	default:
		return status < http.StatusInternalServerError || status == http.StatusNotImplemented
	}
}

// described reads an answer and lets its header say what was read.
func described(request *http.Request, response *http.Response) (*http.Response, error) {
	body, err := readBody(response)
	if err != nil {
		return nil, err
	}
	kind, err := kindOf(response.Header, body)
	if err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	hashed, err := digestOf(request, response.Header, body)
	if err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	response.Header.Set("Content-Type", kind)
	response.Header.Set(digestHeader, hashed.String())
	response.Body, response.ContentLength = readAgain{bytes.NewReader(body), response.Body}, int64(len(body))
	return response, nil
}

// digestOf returns the digest of a body: the one that was asked for, else as the header has it, else by sha256. What the
// header says must be true; what was asked for must be what came.
func digestOf(request *http.Request, header http.Header, body []byte) (digest.Digest, error) {
	hashed := digest.FromBytes(body)
	if told, err := digest.Parse(header.Get(digestHeader)); err == nil {
		if hashed = told.Algorithm().FromBytes(body); hashed != told {
			return "", fmt.Errorf("%w: the header says %s, and it is %s", content.ErrMismatchedDigest, told, hashed)
		}
	}
	asked, noDigest := digest.Parse(path.Base(request.URL.Path))
	if noDigest != nil { // a tag was asked for
		return hashed, nil
	}
	if hashed = asked.Algorithm().FromBytes(body); hashed != asked {
		return "", fmt.Errorf("%w: %s was asked for, and it is %s", content.ErrMismatchedDigest, asked, hashed)
	}
	return asked, nil
}

// readBody reads an answer to its end, within the bound. It makes room at once for the length that was announced, but only
// when so much came that the body is one of the few large ones: an announcement alone costs nothing. The answer stays
// open unless this fails: what it holds counts until it is closed.
func readBody(response *http.Response) ([]byte, error) {
	const surelyLarge = 256 << 10
	var buffer bytes.Buffer
	body := io.LimitReader(response.Body, MaxManifestBytes+1)
	_, err := io.CopyN(&buffer, body, surelyLarge)
	if err == nil {
		if response.ContentLength > surelyLarge && response.ContentLength <= MaxManifestBytes {
			buffer.Grow(int(response.ContentLength) - surelyLarge + bytes.MinRead)
		}
		_, err = buffer.ReadFrom(body)
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		err = fmt.Errorf("reading the answer: %w", err)
	case buffer.Len() > MaxManifestBytes:
		err = egress.ErrTooLarge
	default:
		return buffer.Bytes(), nil
	}
	_ = response.Body.Close()
	return nil, err
}

// readAgain is a body that was read. Closing it closes the original.
type readAgain struct {
	io.Reader
	io.Closer
}
