package clientca

import (
	"crypto/x509"
	"encoding/json"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
)

// Key is the key of the ConfigMap.
const Key = "ca.crt"

// RetiringAnnotation says, as a JSON object, when each CA that the webhooks have no longer leaves
// the ConfigMap. It holds each one's fingerprint, and the time in RFC 3339.
const RetiringAnnotation = "cert-rotator.notation-provider/retiring"

// Held is what stands in the ConfigMap.
type Held struct {
	PEM      string // of Key
	Retiring string // of RetiringAnnotation
}

// Next is what is to stand in the ConfigMap, given the CAs of the webhooks. It also returns how
// long that is right: zero if nothing is going to leave it. A CA that the webhooks have no longer
// stays for overlap.
func Next(now time.Time, held Held, wanted []*x509.Certificate, overlap time.Duration) (next Held, after time.Duration) {
	leaves := times(held.Retiring)
	stays := map[string]time.Time{}
	certs := add(nil, wanted...)
	before, err := certfile.Parse([]byte(held.PEM))
	if err != nil {
		before = nil // the server cannot read it either, and has kept what it had
	}
	for _, c := range before {
		name := authority.Fingerprint(c)
		at, known := leaves[name]
		if limit := now.Add(overlap); !known || at.After(limit) {
			at = limit
		}
		if has(certs, c) || !now.Before(at) || authority.Expired(c, now) || len(certs) == maxCerts {
			continue
		}
		certs = append(certs, c)
		stays[name] = at
		if wait := at.Sub(now); after == 0 || wait < after {
			after = wait
		}
	}
	return Held{PEM: string(authority.PEM(certs...)), Retiring: text(stays)}, after
}

// times reads the annotation. What cannot be read is not there: its time begins again.
func times(annotation string) map[string]time.Time {
	var all map[string]time.Time
	if json.Unmarshal([]byte(annotation), &all) != nil {
		return nil
	}
	return all
}

func text(all map[string]time.Time) string {
	if len(all) == 0 {
		return ""
	}
	for name, at := range all {
		all[name] = at.UTC().Truncate(time.Second)
	}
	out, err := json.Marshal(all) // the keys are sorted
	if err != nil {
		return "" // a year beyond 9999: the time is counted again
	}
	return string(out)
}
