package vectors

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// effect reads what happens to a request: a word and, for some, a value.
func (f Fault) effect() (rig.Fault, error) {
	word, value, _ := strings.Cut(f.Effect, " ")
	switch word {
	case "untyped":
		return rig.Untyped(), nil
	case "typed":
		return rig.Typed(value), nil
	case "without":
		return rig.Without(value), nil
	case "header":
		name, value, _ := strings.Cut(value, " ")
		return rig.Header(name, value), nil
	case "cut":
		return rig.Cut(), nil
	case "hang":
		return rig.Hang(), nil
	case "html":
		return rig.HTML(), nil
	case "other-digest":
		return otherDigest(), nil
	case "rewrite":
		return rig.Rewrite(func([]byte) []byte { return []byte(value) }), nil
	case "delay":
		d, err := time.ParseDuration(value)
		return rig.Delay(d), err
	case "status":
		code, err := strconv.Atoi(value)
		return rig.Status(code, f.header()), err
	case "truncate":
		bytes, err := strconv.Atoi(value)
		return rig.Truncate(bytes), err
	}
	return nil, fmt.Errorf("effect %q is not known", f.Effect)
}

func (f Fault) header() http.Header {
	if f.RetryAfter == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(f.RetryAfter)}}
}

// otherDigest lets the server answer, and puts another digest into the header.
func otherDigest() rig.Fault {
	return func(_ <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&liar{w}, r)
		})
	}
}

type liar struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (l *liar) WriteHeader(status int) {
	l.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("5", 64))
	l.ResponseWriter.WriteHeader(status)
}
