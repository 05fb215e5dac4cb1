package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// hostPort says what keeps s from being an exact host[:port], or "".
func hostPort(s string) string {
	host, port, hasPort := s, "", false
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port, hasPort = s[:i], s[i+1:], true
	}
	switch {
	case s == "":
		return "is empty; write a host, like registry.example.org or registry.example.org:5000"
	case strings.Contains(s, "://"):
		return quote(s) + " has a scheme; write the host alone, without it"
	case strings.ContainsAny(s, "/@?#"):
		return quote(s) + " has more than a host; write host or host:port, nothing before or after it"
	case s != strings.ToLower(s):
		return quote(s) + " has capitals; write it in lower case"
	case hasPort && !validPort(port):
		return quote(s) + " has no port after its colon; write one from 1 to 65535, or no colon"
	case !validHost(host):
		return quote(s) + " is not a host; write letters, digits, dashes and dots, or an address"
	}
	return ""
}

// registryHost is hostPort for hosts that image names are looked up by, which
// have only one spelling.
func registryHost(s string) string {
	switch {
	case strings.HasSuffix(s, ":443"):
		return quote(s) + " has the default port; leave out :443, as image names do"
	case s == "index.docker.io":
		return quote(s) + " never appears in an image name; write docker.io"
	}
	return hostPort(s)
}

// listenAddress says what keeps s from being bound, or "". Port 0 is any free one.
func listenAddress(s string) string {
	_, port, err := net.SplitHostPort(s)
	if err != nil || (port != "0" && !validPort(port)) {
		return quote(s) + " is not an address to listen on; write host:port or :port"
	}
	return ""
}

// validPort takes only the one spelling of a port: no sign, no leading zero.
func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

func validHost(s string) bool {
	if in, ok := strings.CutPrefix(s, "["); ok {
		in, ok = strings.CutSuffix(in, "]")
		addr, err := netip.ParseAddr(in)
		return ok && err == nil && addr.Is6() && addr.Zone() == ""
	}
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

func validLabel(s string) bool {
	const inside = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return s != "" && len(s) <= 63 && strings.Trim(s, inside) == "" && s[0] != '-' && s[len(s)-1] != '-'
}

func quote(s string) string { return strconv.Quote(s) }
