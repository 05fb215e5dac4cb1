package serving

import (
	"net"
	"regexp"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// dnsName is a name of RFC 1123 section 2.1, in lower case. There is no wildcard: a client asks for one host.
var dnsName = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)

// number matches what ends as an address does, such as 10.0.0.256 and 127.1: no domain has a number for its last label
// (RFC 1123 section 2.1), and some clients take it for an address.
var number = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`)

// brackets stand round an IPv6 address in a URL.
var brackets = regexp.MustCompile(`^\[(.*)\]$`)

// maxName is the length of the longest DNS name, in bytes (RFC 1035 section 2.3.4).
const maxName = 253

// addNames puts hosts into the subject alternative name: Gatekeeper goes by nothing else.
func addNames(o *ca.Options, flag string, hosts []string) error {
	for _, host := range hosts {
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		switch address := net.ParseIP(brackets.ReplaceAllString(host, "$1")); {
		case address != nil:
			o.IPAddresses = append(o.IPAddresses, address)
		case len(name) <= maxName && dnsName.MatchString(name) && !number.MatchString(name):
			o.DNSNames = append(o.DNSNames, name)
		default:
			return cli.UsageError("%s %q is not a DNS name or an IP address; write the host alone, without https://, port and path, such as notation-provider.notation-provider.svc", flag, host)
		}
	}
	return nil
}
