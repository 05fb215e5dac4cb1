# METADATA
# title: Advice
# description: |
#   What a developer can do. For what the provider says, provider/README.md has the same words, and a test sees to it.
package lib.advice

# METADATA
# description: What to do about a finding {reason, detail}; an undecided one's detail starts with its stage.
on(finding) := _stages[stage] if {
	finding.reason == "undecided"
	stage := split(finding.detail, ": ")[0]
} else := object.get(_reasons, finding.reason, "ask whoever runs the provider what this means")

_reasons := {
	# The provider's.
	"malformed": "correct the image reference",
	"out-of-scope": "add a registry scope for the repository to a trust policy, or except the image in the constraint",
	"not-found": "check name and tag; push the image",
	"unsigned": "sign this digest, or promote the image again: a copy can lose its signature; a signature on another digest does not count",
	"untrusted": "sign with a certificate that the policy trusts, or change the policy's trust stores or identities",
	"tampered": "sign the image anew; if you did not break the signature, find out who did",
	"expired": "sign the image anew, with a timestamp; or add a tsa trust store if it has one",
	"revoked": "sign the image anew with a certificate that is not revoked",
	"unsupported": "sign with notation's built-in JWS or COSE, without a plugin that verification needs",
	"too-many-signatures": "remove signatures that do not count, or raise limits.signatures",
	# The policies'.
	"misconfigured": "tell whoever keeps the constraint; nothing is admitted until its parameters are right",
	"excessive": "spread the images over several objects",
	"unpinned": "name it by digest, as in repository:tag@sha256:…",
	"undecided": "try again",
	"unavailable": "try again; if it lasts, tell whoever runs the provider",
	"unanswered": "try again; if it lasts, tell whoever runs the provider",
	"contradictory": "tell whoever runs the provider",
	"mismatched": "tell whoever runs the provider",
	"unexpected": "tell whoever runs the provider; or the constraint names a provider of something else",
}

_stages := {
	"registry": "do what the message says; if it does not say, try again, and see whether the registry is well and can be reached from here",
	"credentials": "give credentials for this host in dockerConfigs, with the right to pull; notation-provider check tells which entries cannot be used",
	"revocation": "the message says which answer is missing or bad: let this server reach it (a private host must be named in egress.allow), or have the CA mend it",
	"deadline": "try again: the check goes on and its verdict may be there",
	"overload": "try again: the check goes on and its verdict may be there",
	"internal": "this is a defect; please report it with the log",
}
