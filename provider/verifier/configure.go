package verifier

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Configure changes what New was given under the same names, for verifications that begin later:
// how many signatures are looked at, by whom CAs are asked, and how old their answers may be.
// Answers that are kept stay, as long as the new age allows.
func (v *Verifier) Configure(signatures int, revocation http.RoundTripper, age time.Duration) {
	v.signatures.Store(int64(signatures))
	v.transport.current.Store(&revocation)
	v.revocation.SetMaxAge(age)
}

// transport sends by the one in force. It implements http.RoundTripper.
type transport struct {
	current atomic.Pointer[http.RoundTripper]
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	return (*t.current.Load()).RoundTrip(request)
}
