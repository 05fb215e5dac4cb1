package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"
)

// Reason says why an image is verified or refused. The list is closed: every
// entry is a metric label, a row of the README and a test vector.
type Reason string

const (
	// Verified means: a signature on the image's digest passes the trust policy that covers it.
	Verified Reason = "verified"
	// Malformed means: the key is not an image reference. The network was not used.
	Malformed Reason = "malformed"
	// OutOfScope means: no trust policy covers the image. The network was not used.
	OutOfScope Reason = "out-of-scope"
	// NotFound means: the registry answers 404 for the image's manifest.
	NotFound Reason = "not-found"
	// Unsigned means: no notation signature refers to the image's digest.
	Unsigned Reason = "unsigned"
	// Untrusted means: the signing chain or its identity is not in the trust policy, or
	// the timestamp the policy always wants is missing or not trusted.
	Untrusted Reason = "untrusted"
	// Tampered means: no valid envelope, failed integrity, or a payload that names another artifact.
	Tampered Reason = "tampered"
	// Expired means: the signature expired, or a certificate is outside its validity
	// and no valid timestamp covers it.
	Expired Reason = "expired"
	// Revoked means: a certificate of the signing or of the timestamping chain is revoked.
	Revoked Reason = "revoked"
	// Unsupported means: the signature needs a plugin, a critical attribute, an envelope
	// type or an algorithm that we do not have.
	Unsupported Reason = "unsupported"
	// TooManySignatures means: the bound was reached with none good; the rest is unseen.
	TooManySignatures Reason = "too-many-signatures"
)

// Reasons returns every Reason there is.
func Reasons() []Reason {
	return []Reason{
		Verified, Malformed, OutOfScope, NotFound, Unsigned, Untrusted,
		Tampered, Expired, Revoked, Unsupported, TooManySignatures,
	}
}

// Verdict is a settled answer: we know that the image is good, or that it is not.
type Verdict struct {
	// Reason is Verified for a good image only.
	Reason Reason
	// Detail is one line for the user: no URL, address or path.
	Detail string
	// Image is the image that was verified; its Digest is "" where none is known.
	Image Image
	// Policy is the name of the trust policy statement that covers the image.
	Policy string
	// Signer is the distinguished name (RFC 4514) of the signing certificate.
	Signer string
	// SignerIdentity has the attributes of that name by their names in RFC 4514, for those in [IdentityAttributes]: the values
	// of each, in the certificate's order. Nil if the name is beyond the bounds.
	SignerIdentity map[string][]string
	// Metadata is what was signed with the image, as by "notation sign --user-metadata". It is that of the one signature
	// which verified the image; nil if there is none, or if it is beyond the bounds.
	Metadata map[string]string
	// SignedAt is the timestamp's time where one was verified, else the time the
	// signer claims.
	SignedAt time.Time
	// Until is when the facts behind a verified verdict first lapse; zero if nothing bounds them.
	Until time.Time
	// Lapses are the facts that bound a verified verdict, the first to end before the others: Until is when that ends.
	Lapses []Lapse
	// RecheckAt is when the answers about revocation are too old to go by: the image is to be verified again then. Zero
	// if no CA was asked.
	RecheckAt time.Time
	// Warnings are checks that failed and that the policy only logs.
	Warnings []string
	// Signatures are those that were looked at.
	Signatures []Signature
	// Item is the verdict as it is sent, encoded once when an image is verified and not each time it is asked for;
	// "" if it was not encoded.
	Item string
}

// Good tells whether the verdict lets the image in. It is the only place that says so.
func (v Verdict) Good() bool { return v.Reason == Verified }

// Signature is the result of one signature of an image: for logs and for
// people, never for decisions.
type Signature struct {
	// Digest is that of the signature's manifest.
	Digest digest.Digest `json:"digest"`
	// Reason is why it counts or does not; "" if Undecided is set.
	Reason Reason `json:"reason,omitempty"`
	// Undecided is why it could not be verified.
	Undecided Cause `json:"undecided,omitempty"`
	// Detail is one line.
	Detail string `json:"detail,omitempty"`
	// Signer is the distinguished name of the signing certificate, if one was read.
	Signer string `json:"signer,omitempty"`
	// Checks are the checks of the trust policy in the order they were made.
	Checks []Check `json:"checks,omitempty"`
}

// Check is one of the trust policy's checks on one signature.
type Check struct {
	// Name is notation's: integrity, authenticity, expiry, authenticTimestamp, revocation; or one of
	// this server's own: envelope (it can be read), support (no plugin is needed), artifact (the
	// signature is for this image) and conditions (it has what the question asks for).
	Name string `json:"name"`
	// Action is the policy's: enforce or log.
	Action string `json:"action"`
	// Problem is "" for a check that passed.
	Problem string `json:"problem,omitempty"`
	// Note is what a check that passed had not to look at, as where there is no timestamp.
	Note string `json:"note,omitempty"`
}

// Cause says what keeps an image undecided. The list is closed, as Reason's is.
type Cause string

const (
	// CauseRegistry means: the registry is down, slow, rate-limits us or answers nonsense.
	CauseRegistry Cause = "registry"
	// CauseCredentials means: the registry refuses our credentials, or wants some and there are none that can be used.
	CauseCredentials Cause = "credentials"
	// CauseRevocation means: neither OCSP responder nor CRL told whether a certificate is revoked.
	CauseRevocation Cause = "revocation"
	// CauseDeadline means: the answer was not there in time. Work goes on; a retry may find it done.
	CauseDeadline Cause = "deadline"
	// CauseOverload means: too much is waiting already.
	CauseOverload Cause = "overload"
	// CauseInternal means: a defect of this program; the log has the rest.
	CauseInternal Cause = "internal"
)

// Causes returns every Cause there is.
func Causes() []Cause {
	return []Cause{CauseRegistry, CauseCredentials, CauseRevocation, CauseDeadline, CauseOverload, CauseInternal}
}

// UndecidedError says that we could not find out. It is never cached.
type UndecidedError struct {
	Cause Cause
	// Detail is one line for the user: no URL, address, path or credential.
	Detail string
	// Err is the full error, for the log.
	Err error
	// Signatures are those that were looked at, for logs and people.
	Signatures []Signature
}

// Undecided makes an UndecidedError.
func Undecided(cause Cause, err error, detail string, args ...any) *UndecidedError {
	return &UndecidedError{Cause: cause, Detail: fmt.Sprintf(detail, args...), Err: err}
}

// Error is for the log: it may hold URLs, addresses and paths.
func (e *UndecidedError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Cause, e.Detail)
	}
	return fmt.Sprintf("%s: %s: %v", e.Cause, e.Detail, e.Err)
}

// Unwrap returns Err.
func (e *UndecidedError) Unwrap() error { return e.Err }

// AsUndecided returns err's UndecidedError. An error that has none is a defect of
// ours, and leaves the image undecided: a failure never becomes a verdict.
func AsUndecided(err error) *UndecidedError {
	if undecided, ok := errors.AsType[*UndecidedError](err); ok && undecided != nil {
		return undecided
	}
	return Undecided(CauseInternal, err, DetailDefect)
}

// ErrNotFound is a registry's 404: what was asked for is not there. We know that, so
// it is no UndecidedError.
var ErrNotFound = errors.New("not found")

// ErrNoEnvelope is a signature that cannot be verified: no manifest, none or several
// layers, or a size beyond the bounds. It is no UndecidedError either.
var ErrNoEnvelope = errors.New("not a signature")
