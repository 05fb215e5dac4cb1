# METADATA
# title: Words
# description: |
#   What is said of each way in which an image is not verified, and of a name that is none. It is written from the Go packages
#   provider/advice and provider: do not edit it, run make generate.
package lib.words

# METADATA
# description: |
#   The cases of each outcome, by its name, as [beginning, claim, you, platformTeam]. The first with whose beginning a detail begins
#   is the one.
outcomes := {
	"contradictory": [["", "could not be checked, and may be fine", "tell the platform team; there is nothing to change in your image", "see whether the constraint names the right provider"]],
	"excessive": [["", "has too many images", "spread the images over several objects", ""]],
	"expired": [
		["the signature was valid until ", "has a signature that has expired", "sign it again, with a later --expiry or none: `notation sign {subject}`", ""],
		["it has no timestamp, and its certificate expired at ", "is signed with a certificate that has expired", "sign it again with a timestamp: `notation sign --timestamp-url … {subject}`", ""],
		["its timestamp does not count, and its certificate expired at ", "is signed with a certificate that has expired", "sign it again with a trusted timestamp", "or add the root of its timestamp authority to a tsa trust store"],
		["its certificate is not valid before ", "is signed with a certificate that is not valid yet", "try again after that time", "compare the clocks of the CA and of the provider"],
		["", "is signed with a certificate that was not valid", "sign it again with the current certificate: `notation sign {subject}`", ""],
	],
	"malformed": [
		["its conditions ", "is asked about with too many or wrong conditions", "tell the platform team", "ask for less under requireMetadata and signers in the constraint"],
		["", "is not an image reference", "correct the name; write registry/repository, and then :tag or @digest", ""],
	],
	"misconfigured": [["", "could not be checked, and may be fine", "tell the platform team; there is nothing to change in your image", "correct the parameters of the constraint; it admits nothing until then"]],
	"mismatched": [["", "could not be checked, and may be fine", "tell the platform team; there is nothing to change in your image", "see whether the constraint names the right provider"]],
	"not-found": [["", "does not exist in its registry", "check name and tag, or push the image", ""]],
	"out-of-scope": [["", "is from a repository that is not approved here", "use an image from an approved repository, or ask for an exception", "add it to the registry scopes of a trust policy, or except it in the constraint"]],
	"refused": [["", "was refused", "ask the platform team what this means", ""]],
	"revoked": [
		["a certificate of its timestamping chain was revoked at ", "has the timestamp of a revoked certificate", "sign it again with another timestamp authority: `notation sign --timestamp-url … {subject}`", ""],
		["", "is signed with a certificate that was revoked", "do not use it unchecked; build it again and sign it with the current certificate", ""],
	],
	"tampered": [
		["the signature is for another image, ", "has no signature of its own", "sign this one: `notation sign {subject}`", ""],
		["", "has a damaged signature", "tell your security team, then sign it again: `notation sign {subject}`", ""],
	],
	"too-many-signatures": [["", "has too many signatures that do not count", "delete those from the registry; `notation list {subject}` shows them", "or raise limits.signatures, which is how many are looked at"]],
	"unanswered": [["", "could not be checked, and may be fine", "apply it again in a minute; if it lasts, tell the platform team", "see whether the constraint names the right provider"]],
	"unavailable": [["", "could not be checked, and may be fine", "apply it again in a minute; if it lasts, tell the platform team", "see whether it runs, and whether the constraint names it correctly; no image is admitted until then"]],
	"undecided": [["", "could not be checked, and may be fine", "apply it again in a minute; if it lasts, tell the platform team", ""]],
	"undecided/credentials": [
		["the registry refuses access", "could not be checked at {host}, and may be fine", "ask the platform team; the check does not use your imagePullSecrets", "let the provider's account there pull this repository"],
		["", "could not be checked at {host}, and may be fine", "ask the platform team; the check does not use your imagePullSecrets", "give the provider credentials for {host} (dockerConfigs)"],
	],
	"undecided/deadline": [["", "could not be checked in time, and may be fine", "apply it again in 10 seconds; the check goes on meanwhile", ""]],
	"undecided/internal": [
		["the provider is shutting down", "could not be checked, and may be fine", "apply it again in 10 seconds", ""],
		["", "could not be checked, and may be fine", "apply it again in a minute; if it lasts, give the platform team this message", "look for request {request} in the provider's log, and report the fault"],
	],
	"undecided/overload": [["", "could not be checked in time, and may be fine", "apply it again in 10 seconds; the check goes on meanwhile", ""]],
	"undecided/registry": [
		["the registry limits the rate of requests", "could not be checked at {host}, and may be fine", "apply it again in a minute", "give the provider an account there that may ask more often, or a mirror"],
		["", "could not be checked at {host}, and may be fine", "apply it again in a minute", "see whether {host} is well, and whether the provider reaches it"],
	],
	"undecided/revocation": [["", "could not be checked, and may be fine", "apply it again in a minute; if it lasts, tell the platform team", "let the provider reach the CA's OCSP responder or CRL; a private host must be in egress.allow"]],
	"unexpected": [["", "is not verified", "tell the platform team; there is nothing to change in your image", "see whether the constraint names the right provider"]],
	"unpinned": [["", "is not named by digest", "add its digest, as in repository:tag@sha256:…; `oras resolve {image}` prints it", ""]],
	"unsigned": [["", "is not signed", "run your pipeline's signing step, or `notation sign {subject}`; a copy needs its signature copied too (`oras copy -r`)", ""]],
	"unsupported": [["", "has a signature of a kind that is not supported", "sign it again, without a plugin: `notation sign {subject}`", ""]],
	"untrusted": [
		["its signer's CA is not trusted", "is not signed by a trusted signer", "use an image that the official pipeline signed", "if it is right, add its CA to a trust store, and its name to the trusted identities"],
		["its signer's CA is trusted, but not the name", "is not signed by a trusted signer", "use an image that the official pipeline signed", "if it is right, add it to the trusted identities"],
		["its signature lacks the metadata ", "is signed without metadata that is asked for", "have it signed so: `notation sign -m KEY=VALUE {subject}`", "see requireMetadata in the constraint"],
		["its signer is trusted, but is not the one asked for, ", "is signed by another than asked for", "use an image that this signer signed", "see signers in the constraint"],
		["it has no valid timestamp, ", "is signed without a valid timestamp", "sign it again: `notation sign --timestamp-url … {subject}`", ""],
		["", "is not signed by a trusted signer", "use an image that the official pipeline signed", ""],
	],
}

# METADATA
# description: |
#   Which part of a name is wrong, as [condition, unless, problem]. The first counts whose condition matches and whose unless does
#   not.
names := [
	["^(?s:.{1000}.{25})", "", "it is longer than 1024 characters"],
	["^$", "", "it is empty"],
	["\\s", "", "it has a space or a line break in it"],
	["^[a-zA-Z][a-zA-Z0-9+.-]*://", "", "it begins with a scheme, such as https; leave that out"],
	["[^A-Za-z0-9._:/@\\[\\]-]", "", "it has a character in it that no image reference has"],
	["^(?:sha(?:256|384|512):[0-9a-fA-F]*(?:@|$)|[0-9a-fA-F]{64}$)", "", "it is an image ID, or a part of one, and names no repository; write repository@sha256:…"],
	["@", "^[^@]*@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$", "the part after the @ is not a digest (sha256: and 64 hex digits, or sha512: and 128, in lower case)"],
	["(?:^|/)(?:[/:@]|$)", "", "a part of the path, beside a slash, is empty"],
	["^(?:[^@]*/)?[^/@]*:[^/@]*(?:@|$)", "^(?:[^@]*/)?[^/@:]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(?:@|$)", "the part after the colon is not a tag (1 to 128 letters, digits, . _ or -)"],
	["^(?:[^/]*/[^:@]*[A-Z]|[^/:@]*[A-Z][^/:@]*(?:[:@][^/]*)?$)", "", "the repository has capitals; write it in lower case"],
	["^(?:[^/\\[]*|\\[[^/]*\\]):[^/@]*/", "^(?:[^/:]*|\\[[^/]*\\]):(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))/", "the port is not a number from 1 to 65535 without zeros before it"],
	["/", "^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?|[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)/", "the part before the first slash is neither the name of a registry nor a part of a path"],
	["", "^(?:[^/@]*/)?(?:[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:[:@]|$)", "a part of the path has something else than lower-case letters, digits, and single . _ __ or - between them"],
	["", "", "the repository is longer than 255 characters"],
]
