package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Fault is why a request got no answer: a predicate for whom was asked, such as "the
// registry". It holds nothing that a server sent, so that it is fit for users.
// The list is closed.
type Fault string

// The faults.
const (
	// UnknownAuthority, Expired, NotYetValid, OtherName and Unusable are about a server's certificate.
	UnknownAuthority Fault = "has a certificate of an authority that is not trusted here"
	Expired          Fault = "has a certificate that has expired"
	NotYetValid      Fault = "has a certificate that is not valid yet"
	OtherName        Fault = "has a certificate for another name"
	Unusable         Fault = "has a certificate that is not fit for a server"
	// PlainHTTP is HTTP where TLS is expected, NeedsTLS the other way round.
	PlainHTTP Fault = "speaks plain HTTP where TLS is expected"
	NeedsTLS  Fault = "speaks TLS where plain HTTP is expected"
	NotTLS    Fault = "does not speak TLS"
	NotHTTP   Fault = "does not speak HTTP"
	// OldTLS, NeedsClient and Handshake end the TLS handshake.
	OldTLS      Fault = "speaks no version of TLS from 1.2 on"
	NeedsClient Fault = "wants a client certificate"
	Handshake   Fault = "breaks off the TLS handshake"
	// Unknown and NoDNS are about its host's name.
	Unknown Fault = "has a host that DNS does not know"
	NoDNS   Fault = "has a host that DNS did not look up"
	// Refused, Unreachable and Unconnected let no connection be made; Broken ends one.
	Refused     Fault = "refuses connections"
	Unreachable Fault = "cannot be reached"
	Unconnected Fault = "cannot be connected to in time"
	Broken      Fault = "broke the connection off"
	Slow        Fault = "did not answer in time"
	// Private is an address that the guard does not let through.
	Private Fault = "is at an address inside the network"
	// FromTLS and Endless are redirects that are not followed.
	FromTLS Fault = "redirects from TLS to plain HTTP"
	Endless Fault = "redirects without end"
	Large   Fault = "sends more than is read of an answer"
	// ByProxy is a proxy of the environment that is not reached, or refuses.
	ByProxy Fault = "is not reached by the proxy that the environment names"
)

// Faults returns every Fault there is.
func Faults() []Fault {
	return []Fault{
		UnknownAuthority, Expired, NotYetValid, OtherName, Unusable, PlainHTTP, NeedsTLS, NotTLS, NotHTTP, OldTLS, NeedsClient, Handshake,
		Unknown, NoDNS, Refused, Unreachable, Unconnected, Broken, Slow, Private, FromTLS, Endless, Large, ByProxy,
	}
}

// Advice is what to do about a fault, where no setting is known that helps.
func (f Fault) Advice() string {
	switch f {
	case UnknownAuthority:
		return "trust that authority, if it is the right one"
	case Expired, Unusable:
		return "its operator has to renew it"
	case NotYetValid:
		return "see whether the clocks are right, here and there"
	case OtherName:
		return "ask for it by the name in the certificate, or have its operator renew it"
	case PlainHTTP, NeedsTLS, NotTLS, NotHTTP:
		return "see whether its port is right"
	case OldTLS:
		return "its operator has to enable one"
	case NeedsClient:
		return "none can be given to it; its operator has to do without"
	case Handshake:
		return "its own log may say why; it may want a client certificate"
	case Unknown:
		return "see whether its name is right"
	case NoDNS:
		return "see whether DNS is well here, and try again"
	case Refused:
		return "see whether it runs, and whether its port is right"
	case Unreachable, Unconnected:
		return "see whether a network policy or a firewall is in the way"
	case Broken, Slow:
		return "try again; if it lasts, see whether it is well"
	case Private:
		return "it has to be allowed by the configuration"
	case FromTLS:
		return "this is not followed; its operator has to redirect to TLS"
	case Endless:
		return "its operator has to mend that"
	case Large:
		return "see what it is that answers"
	case ByProxy:
		return "see whether HTTPS_PROXY and NO_PROXY are right, and what the proxy's log says"
	}
	return ""
}

// FaultOf names why a request failed; "" if that is none of the list.
func FaultOf(err error) Fault {
	for _, find := range []func(error) Fault{egressFault, proxyFault, certificateFault, handshakeFault, dnsFault, connectionFault} {
		if f := find(err); f != "" {
			return f
		}
	}
	return ""
}

// egressFault names the faults that this package finds itself.
func egressFault(err error) Fault {
	switch {
	case errors.Is(err, ErrForbidden):
		return Private
	case errors.Is(err, errFromTLS):
		return FromTLS
	case errors.Is(err, errEndless):
		return Endless
	case errors.Is(err, ErrTooLarge):
		return Large
	}
	return ""
}

// proxyFault is before the others: what is said in it is about the proxy.
func proxyFault(err error) Fault {
	operation, ok := errors.AsType[*net.OpError](err)
	if errors.Is(err, errProxy) || ok && operation.Op == "proxyconnect" {
		return ByProxy
	}
	return ""
}

func certificateFault(err error) Fault {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return UnknownAuthority
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return OtherName
	}
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case ok && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return NotYetValid
	case ok && invalid.Reason == x509.Expired:
		return Expired
	}
	if _, verified := errors.AsType[*tls.CertificateVerificationError](err); verified || ok || says(err, "tls: failed to parse certificate") {
		return Unusable
	}
	return ""
}

// handshakeFault goes by the words of crypto/tls and net/http where they export no types;
// a test with real servers holds it to them.
func handshakeFault(err error) Fault {
	record, ok := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case ok && string(record.RecordHeader[:]) == "HTTP/", errors.Is(err, http.ErrSchemeMismatch):
		return PlainHTTP
	case ok:
		return NotTLS
	case says(err, `malformed HTTP response "\x15\x03`): // an alert (RFC 8446 section 6)
		return NeedsTLS
	case says(err, "malformed HTTP "):
		return NotHTTP
	case says(err, "tls: protocol version not supported"), says(err, "tls: server selected unsupported protocol version"):
		return OldTLS
	case says(err, "tls: certificate required"), says(err, "tls: bad certificate"):
		return NeedsClient
	case says(err, "tls: ") && !timedOut(err):
		return Handshake
	}
	return ""
}

func says(err error, words string) bool { return err != nil && strings.Contains(err.Error(), words) }

func dnsFault(err error) Fault {
	lookup, ok := errors.AsType[*net.DNSError](err)
	switch {
	case ok && lookup.IsNotFound:
		return Unknown
	case ok:
		return NoDNS
	}
	return ""
}

func connectionFault(err error) Fault {
	dial, ok := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case timedOut(err) && (errors.Is(err, ErrNoConnection) || ok && dial.Op == "dial"):
		return Unconnected
	case timedOut(err):
		return Slow
	case ok && dial.Op == "dial":
		return Unreachable
	case ok, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), says(err, "http2: "), says(err, "stream error: "):
		return Broken
	case says(err, "readLoopPeekFail"): // it spoke before it was asked
		return NotHTTP
	}
	return ""
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
