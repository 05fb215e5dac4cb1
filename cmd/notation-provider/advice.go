package main

import "gitlab.com/ska-telescope/notation-provider/provider"

// advice says what whoever wants the image in can do. The README has the same table.
func (r report) advice() string {
	if r.Outcome == outcomeUndecided {
		return causeAdvice(r.Cause)
	}
	return reasonAdvice(r.Reason)
}

func reasonAdvice(reason provider.Reason) string {
	switch reason {
	case provider.Verified:
		return ""
	case provider.Malformed:
		return "correct the image reference"
	case provider.OutOfScope:
		return "add a registry scope for the repository to a trust policy, or except the image in the constraint"
	case provider.NotFound:
		return "check name and tag; push the image"
	case provider.Unsigned:
		return "sign this digest, or promote the image again: a copy can lose its signature; a signature on another digest does not count"
	case provider.Untrusted:
		return "sign with a certificate that the policy trusts, or change the policy's trust stores or identities"
	case provider.Tampered:
		return "sign the image anew; if you did not break the signature, find out who did"
	case provider.Expired:
		return "sign the image anew, with a timestamp; or add a tsa trust store if it has one"
	case provider.Revoked:
		return "sign the image anew with a certificate that is not revoked"
	case provider.Unsupported:
		return "sign with notation's built-in JWS or COSE, without a plugin that verification needs"
	case provider.TooManySignatures:
		return "remove signatures that do not count, or raise limits.signatures"
	}
	return ""
}

func causeAdvice(cause provider.Cause) string {
	switch cause {
	case provider.CauseRegistry:
		return "do what the message says; if it does not say, try again, and see whether the registry is well and can be reached from here"
	case provider.CauseCredentials:
		return "give credentials for this host in dockerConfigs, with the right to pull; notation-provider check tells which entries cannot be used"
	case provider.CauseRevocation:
		return "the message says which answer is missing or bad: let this server reach it (a private host must be named in egress.allow), or have the CA mend it"
	case provider.CauseDeadline, provider.CauseOverload:
		return "try again: the check goes on and its verdict may be there"
	case provider.CauseInternal:
		return "this is a defect; please report it with the log"
	}
	return ""
}
