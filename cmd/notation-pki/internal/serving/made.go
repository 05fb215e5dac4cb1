package serving

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// The files.
const (
	certFile       = "tls.crt"
	keyFile        = "tls.key"
	caFile         = "ca.crt"
	clientCertFile = "client.crt"
	clientKeyFile  = "client.key"
)

// Made is the result of a [Request].
type Made struct {
	Folder      string    `json:"folder"`
	Certificate string    `json:"certificate"`
	Key         string    `json:"key"`
	CA          string    `json:"ca"`
	ClientCert  string    `json:"clientCertificate,omitempty"`
	ClientKey   string    `json:"clientKey,omitempty"`
	Hosts       []string  `json:"hosts"`
	Client      string    `json:"client,omitempty"`
	NotAfter    time.Time `json:"notAfter"`
}

// withPaths is m with the paths of its files.
func (m Made) withPaths() Made {
	at := func(name string) string { return filepath.Join(m.Folder, name) }
	m.Certificate, m.Key, m.CA = at(certFile), at(keyFile), at(caFile)
	if m.Client != "" {
		m.ClientCert, m.ClientKey = at(clientCertFile), at(clientKeyFile)
	}
	return m
}

// Text is the result for people: each file, and where it goes.
func (m Made) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", m.Folder)
	line := func(file, is string) { fmt.Fprintf(&b, "  %-10s  %s\n", filepath.Base(file), is) }
	line(m.Certificate, "the serving certificate for "+strings.Join(m.Hosts, ", ")+"; ends "+m.NotAfter.Format(time.DateOnly))
	line(m.Key, "its key, NOT encrypted")
	line(m.CA, "its CA; the CA's key is not kept")
	if m.Client != "" {
		line(m.ClientCert, "a client certificate of the same CA, for "+m.Client)
		line(m.ClientKey, "its key, NOT encrypted")
	}
	fmt.Fprintf(&b, `In a cluster:
  kubectl -n notation-provider create secret tls notation-provider-serving --cert %[1]s --key %[2]s
  helm upgrade … --set tls.source=secret,tls.secret.name=notation-provider-serving --set-file tls.caBundle=%[3]s
Elsewhere: tls.certFile is %[1]s, tls.keyFile is %[2]s, and caBundle of the Provider is what
  base64 -w0 %[3]s
prints. See whether it fits: notation-provider check --config FILE --provider-url URL
`, m.Certificate, m.Key, m.CA)
	return b.String()
}
