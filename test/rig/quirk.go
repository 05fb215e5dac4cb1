package rig

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/opencontainers/go-digest"
)

// Without sends the real answer without one of its headers, of a HEAD too. Without its Content-Length, a body comes in
// chunks.
func Without(name string) Fault {
	return func(_ <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			real := newAnswer()
			next.ServeHTTP(real, r)
			real.header.Del(name)
			real.writeHeader(w, -1)
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(real.body.Bytes())
		})
	}
}

// Untyped sends the real list of referrers without the artifact type of any, as some registries do, and as if it had not
// been filtered. Its digest is its own.
func Untyped() Fault { return Typed("") }

// Typed sends the real list likewise, with one artifact type for all.
func Typed(artifactType string) Fault {
	return rework(func(w http.ResponseWriter, real *answer) {
		body := typed(real.body.Bytes(), artifactType)
		real.header.Del("OCI-Filters-Applied")
		if real.header.Get("Docker-Content-Digest") != "" {
			real.header.Set("Docker-Content-Digest", digest.FromBytes(body).String())
		}
		real.writeHeader(w, len(body))
		_, _ = w.Write(body)
	})
}

func typed(body []byte, artifactType string) []byte {
	var index map[string]any
	if json.Unmarshal(body, &index) != nil {
		return body
	}
	list, _ := index["manifests"].([]any)
	for _, entry := range list {
		if entry, ok := entry.(map[string]any); ok {
			delete(entry, "artifactType")
			if artifactType != "" {
				entry["artifactType"] = artifactType
			}
		}
	}
	var changed bytes.Buffer
	if json.NewEncoder(&changed).Encode(index) != nil {
		return body
	}
	return changed.Bytes()
}
