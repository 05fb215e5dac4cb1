package verifier

import (
	"encoding/json"
	"fmt"

	"github.com/notaryproject/notation-go"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Bounds of the metadata and the signer's attributes in an answer. An answer to Gatekeeper has up to limits.keys of them, and
// each remembered verdict has them. What is beyond a bound is left out whole, with a warning: a policy that asks for it denies
// the image.
const (
	maxMetadata      = 16      // keys
	maxMetadataKey   = 128     // bytes
	maxMetadataValue = 512     // bytes
	maxMetadataJSON  = 1 << 10 // bytes, all of it as JSON
	maxIdentityJSON  = 1 << 10 // bytes, likewise
)

// metadataOf is the signed user metadata of a signature: the annotations of the artifact in its payload (Notary Project
// signature specification, "Payload"), as notation reads them. It is nil if there is none, or if it is beyond the bounds,
// which the warning then says.
func metadataOf(outcome *notation.VerificationOutcome) (metadata map[string]string, warning []string) {
	metadata, err := outcome.UserMetadata()
	if err != nil || len(metadata) == 0 {
		return nil, nil // notation reads the payload before: it has no error here
	}
	if text, err := json.Marshal(metadata); err != nil || len(text) > maxMetadataJSON || len(metadata) > maxMetadata {
		return nil, []string{fmt.Sprintf("metadata: left out, as there is more than %d keys or %d bytes of it", maxMetadata, maxMetadataJSON)}
	}
	for key, value := range metadata {
		if key == "" || len(key) > maxMetadataKey || len(value) > maxMetadataValue || printable.Text(key+value) != key+value {
			return nil, []string{fmt.Sprintf("metadata: left out, as a key is empty or longer than %d bytes, a value is longer than %d, or one is not plain text", maxMetadataKey, maxMetadataValue)}
		}
	}
	return metadata, nil
}

// attributes are the object identifiers of [provider.IdentityAttributes] (RFC 4519).
var attributes = map[string]string{
	"2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.17": "POSTALCODE",
}

// identityOf is the subject of the signing certificate by its attributes. It is nil if that is beyond the bounds, which the
// warning then says.
func identityOf(outcome *notation.VerificationOutcome) (identity map[string][]string, warning []string) {
	identity = map[string][]string{}
	plain := true
	for _, attribute := range chainOf(outcome)[0].Subject.Names {
		name, known := attributes[attribute.Type.String()]
		value, text := attribute.Value.(string)
		if known && text {
			identity[name] = append(identity[name], value)
			plain = plain && printable.Text(value) == value
		}
	}
	if text, err := json.Marshal(identity); err != nil || len(text) > maxIdentityJSON || !plain {
		return nil, []string{fmt.Sprintf("signerIdentity: left out, as it is longer than %d bytes or not plain text", maxIdentityJSON)}
	}
	return identity, nil
}

// conditionsError names the conditions of the question that a signature does not meet.
type conditionsError struct{ lack provider.Lack }

func (e conditionsError) Error() string { return provider.DetailOf([]provider.Lack{e.lack}) }

// unmet says which conditions of the question a signature does not meet that passes the trust policy; nil if it meets all.
// The next signature may meet them. They are never met by two signatures together.
func (rec *recorder) unmet(outcome *notation.VerificationOutcome) error {
	metadata, _ := metadataOf(outcome)
	identity, _ := identityOf(outcome)
	missing := provider.Unmet(rec.conditions, metadata, identity)
	if len(missing) == 0 {
		return nil
	}
	return conditionsError{provider.Lacking(missing, metadata, identity)}
}
