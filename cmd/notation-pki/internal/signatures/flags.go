package signatures

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// check reads the flags, before anybody is asked for anything.
func (r *Request) check() error {
	formats := map[string]string{"jws": ca.JWS, "cose": ca.COSE}
	if r.mediaType = formats[r.Format]; r.mediaType == "" {
		return cli.UsageError("--signature-format %q is neither jws nor cose", r.Format)
	}
	if e := r.Expiry; r.Command.Flags().Changed("expiry") && (e < time.Second || e%time.Second != 0) {
		return cli.UsageError("--expiry %s: a signature is valid for whole seconds, one at least", e)
	}
	return errors.Join(r.checkTimestamp(), r.readMetadata())
}

func (r *Request) checkTimestamp() error {
	if (r.TimestampURL == "") != (r.TimestampRoot == "") {
		return cli.UsageError("--timestamp-url and --timestamp-root go together: a timestamp that leads to no known root is worth nothing")
	}
	if r.TimestampURL == "" {
		return nil
	}
	u, err := url.Parse(r.TimestampURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return cli.UsageError("--timestamp-url %q is no http:// or https:// URL", r.TimestampURL)
	}
	r.timestampHost = u.Host
	return nil
}

// reservedMetadata begins the keys that the Notary Project keeps for itself.
const reservedMetadata = "io.cncf.notary"

func (r *Request) readMetadata() error {
	r.userMetadata = map[string]string{}
	for _, pair := range r.UserMetadata {
		key, value, ok := strings.Cut(pair, "=")
		switch _, twice := r.userMetadata[key]; {
		case !ok || key == "":
			return cli.UsageError("--user-metadata %q is not KEY=VALUE", pair)
		case twice:
			return cli.UsageError("--user-metadata %s is there twice", key)
		case strings.HasPrefix(key, reservedMetadata):
			return cli.UsageError("--user-metadata %s: keys that begin with %s are the Notary Project's own", key, reservedMetadata)
		}
		r.userMetadata[key] = value
	}
	return nil
}
