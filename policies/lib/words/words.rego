# METADATA
# title: Words
# description: |
#   What is said of each way in which an image is not verified, and of a name that is none. It is written from the Go packages
#   provider/advice and provider: do not edit it, run make generate.
package lib.words

# METADATA
# description: The cases of each outcome, by its name. The first whose beginning a detail has is the one.
outcomes := {
	"contradictory": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "see whether the constraint names the right provider",
		"you": "tell the platform team; there is nothing to change in your image",
	}],
	"excessive": [{
		"begins": "",
		"claim": "has too many images",
		"platformTeam": "",
		"you": "spread the images over several objects",
	}],
	"expired": [
		{
			"begins": "the signature was valid until ",
			"claim": "has a signature that has expired",
			"platformTeam": "",
			"you": "sign it again, with a later --expiry or none: `notation sign {subject}`",
		},
		{
			"begins": "it has no timestamp, and its certificate expired at ",
			"claim": "is signed with a certificate that has expired",
			"platformTeam": "",
			"you": "sign it again with a timestamp: `notation sign --timestamp-url … {subject}`",
		},
		{
			"begins": "its timestamp does not count, and its certificate expired at ",
			"claim": "is signed with a certificate that has expired",
			"platformTeam": "or add the root of its timestamp authority to a tsa trust store",
			"you": "sign it again with a trusted timestamp",
		},
		{
			"begins": "its certificate is not valid before ",
			"claim": "is signed with a certificate that is not valid yet",
			"platformTeam": "compare the clocks of the CA and of the provider",
			"you": "try again after that time",
		},
		{
			"begins": "",
			"claim": "is signed with a certificate that was not valid",
			"platformTeam": "",
			"you": "sign it again with the current certificate: `notation sign {subject}`",
		},
	],
	"malformed": [{
		"begins": "",
		"claim": "is not an image reference",
		"platformTeam": "",
		"you": "correct the name; write registry/repository, and then :tag or @digest",
	}],
	"misconfigured": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "correct the parameters of the constraint; it admits nothing until then",
		"you": "tell the platform team; there is nothing to change in your image",
	}],
	"mismatched": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "see whether the constraint names the right provider",
		"you": "tell the platform team; there is nothing to change in your image",
	}],
	"not-found": [{
		"begins": "",
		"claim": "does not exist in its registry",
		"platformTeam": "",
		"you": "check name and tag, or push the image",
	}],
	"out-of-scope": [{
		"begins": "",
		"claim": "is from a repository that is not approved here",
		"platformTeam": "add it to the registry scopes of a trust policy, or except it in the constraint",
		"you": "use an image from an approved repository, or ask for an exception",
	}],
	"refused": [{
		"begins": "",
		"claim": "was refused",
		"platformTeam": "",
		"you": "ask the platform team what this means",
	}],
	"revoked": [
		{
			"begins": "a certificate of its timestamping chain was revoked at ",
			"claim": "has the timestamp of a revoked certificate",
			"platformTeam": "",
			"you": "sign it again with another timestamp authority: `notation sign --timestamp-url … {subject}`",
		},
		{
			"begins": "",
			"claim": "is signed with a certificate that was revoked",
			"platformTeam": "",
			"you": "do not use it unchecked; build it again and sign it with the current certificate",
		},
	],
	"tampered": [
		{
			"begins": "the signature is for another image, ",
			"claim": "has no signature of its own",
			"platformTeam": "",
			"you": "sign this one: `notation sign {subject}`",
		},
		{
			"begins": "",
			"claim": "has a damaged signature",
			"platformTeam": "",
			"you": "tell your security team, then sign it again: `notation sign {subject}`",
		},
	],
	"too-many-signatures": [{
		"begins": "",
		"claim": "has too many signatures that do not count",
		"platformTeam": "or raise limits.signatures, which is how many are looked at",
		"you": "delete those from the registry; `notation list {subject}` shows them",
	}],
	"unanswered": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "see whether the constraint names the right provider",
		"you": "apply it again in a minute; if it lasts, tell the platform team",
	}],
	"unavailable": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "see whether it runs, and whether the constraint names it correctly; no image is admitted until then",
		"you": "apply it again in a minute; if it lasts, tell the platform team",
	}],
	"undecided": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "",
		"you": "apply it again in a minute; if it lasts, tell the platform team",
	}],
	"undecided/credentials": [
		{
			"begins": "the registry refuses access",
			"claim": "could not be checked at {host}, and may be fine",
			"platformTeam": "let the provider's account there pull this repository",
			"you": "ask the platform team; the check does not use your imagePullSecrets",
		},
		{
			"begins": "",
			"claim": "could not be checked at {host}, and may be fine",
			"platformTeam": "give the provider credentials for {host} (dockerConfigs)",
			"you": "ask the platform team; the check does not use your imagePullSecrets",
		},
	],
	"undecided/deadline": [{
		"begins": "",
		"claim": "could not be checked in time, and may be fine",
		"platformTeam": "",
		"you": "apply it again in 10 seconds; the check goes on meanwhile",
	}],
	"undecided/internal": [
		{
			"begins": "the provider is shutting down",
			"claim": "could not be checked, and may be fine",
			"platformTeam": "",
			"you": "apply it again in 10 seconds",
		},
		{
			"begins": "",
			"claim": "could not be checked, and may be fine",
			"platformTeam": "look for request {request} in the provider's log, and report the fault",
			"you": "apply it again in a minute; if it lasts, give the platform team this message",
		},
	],
	"undecided/overload": [{
		"begins": "",
		"claim": "could not be checked in time, and may be fine",
		"platformTeam": "",
		"you": "apply it again in 10 seconds; the check goes on meanwhile",
	}],
	"undecided/registry": [
		{
			"begins": "the registry limits the rate of requests",
			"claim": "could not be checked at {host}, and may be fine",
			"platformTeam": "give the provider an account there that may ask more often, or a mirror",
			"you": "apply it again in a minute",
		},
		{
			"begins": "",
			"claim": "could not be checked at {host}, and may be fine",
			"platformTeam": "see whether {host} is well, and whether the provider reaches it",
			"you": "apply it again in a minute",
		},
	],
	"undecided/revocation": [{
		"begins": "",
		"claim": "could not be checked, and may be fine",
		"platformTeam": "let the provider reach the CA's OCSP responder or CRL; a private host must be in egress.allow",
		"you": "apply it again in a minute; if it lasts, tell the platform team",
	}],
	"unexpected": [{
		"begins": "",
		"claim": "is not verified",
		"platformTeam": "see whether the constraint names the right provider",
		"you": "tell the platform team; there is nothing to change in your image",
	}],
	"unpinned": [{
		"begins": "",
		"claim": "is not named by digest",
		"platformTeam": "",
		"you": "add its digest, as in repository:tag@sha256:…; `oras resolve {image}` prints it",
	}],
	"unsigned": [{
		"begins": "",
		"claim": "is not signed",
		"platformTeam": "",
		"you": "run your pipeline's signing step, or `notation sign {subject}`; a copy needs its signature copied too (`oras copy -r`)",
	}],
	"unsupported": [{
		"begins": "",
		"claim": "has a signature of a kind that is not supported",
		"platformTeam": "",
		"you": "sign it again, without a plugin: `notation sign {subject}`",
	}],
	"untrusted": [
		{
			"begins": "its signer's CA is not trusted",
			"claim": "is not signed by a trusted signer",
			"platformTeam": "if it is right, add its CA to a trust store, and its name to the trusted identities",
			"you": "use an image that the official pipeline signed",
		},
		{
			"begins": "its signer's CA is trusted, but not the name",
			"claim": "is not signed by a trusted signer",
			"platformTeam": "if it is right, add it to the trusted identities",
			"you": "use an image that the official pipeline signed",
		},
		{
			"begins": "its signature lacks the metadata ",
			"claim": "is signed without metadata that is asked for",
			"platformTeam": "or see requireMetadata in the constraint",
			"you": "have it signed so: `notation sign -m KEY=VALUE {subject}`",
		},
		{
			"begins": "its signer is trusted, but is not the one asked for, ",
			"claim": "is signed by another than asked for",
			"platformTeam": "or see signers in the constraint",
			"you": "use an image that this signer signed",
		},
		{
			"begins": "it has no valid timestamp, ",
			"claim": "is signed without a valid timestamp",
			"platformTeam": "",
			"you": "sign it again: `notation sign --timestamp-url … {subject}`",
		},
		{
			"begins": "",
			"claim": "is not signed by a trusted signer",
			"platformTeam": "",
			"you": "use an image that the official pipeline signed",
		},
	],
}

# METADATA
# description: Which part of a name is wrong. The first counts whose if matches and whose unless does not.
names := [
	{
		"if": "^(?s:.{1000}.{25})",
		"problem": "it is longer than 1024 characters",
		"unless": "",
	},
	{
		"if": "^$",
		"problem": "it is empty",
		"unless": "",
	},
	{
		"if": "\\s",
		"problem": "it has a space or a line break in it",
		"unless": "",
	},
	{
		"if": "^[a-zA-Z][a-zA-Z0-9+.-]*://",
		"problem": "it begins with a scheme, such as https; leave that out",
		"unless": "",
	},
	{
		"if": "[^A-Za-z0-9._:/@\\[\\]-]",
		"problem": "it has a character in it that no image reference has",
		"unless": "",
	},
	{
		"if": "^(?:sha(?:256|384|512):[0-9a-fA-F]*(?:@|$)|[0-9a-fA-F]{64}$)",
		"problem": "it is an image ID, or a part of one, and names no repository; write repository@sha256:…",
		"unless": "",
	},
	{
		"if": "@",
		"problem": "the part after the @ is not a digest (sha256: and 64 hex digits, or sha512: and 128, in lower case)",
		"unless": "^[^@]*@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$",
	},
	{
		"if": "(?:^|/)(?:[/:@]|$)",
		"problem": "a part of the path, beside a slash, is empty",
		"unless": "",
	},
	{
		"if": "^(?:[^@]*/)?[^/@]*:[^/@]*(?:@|$)",
		"problem": "the part after the colon is not a tag (1 to 128 letters, digits, . _ or -)",
		"unless": "^(?:[^@]*/)?[^/@:]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(?:@|$)",
	},
	{
		"if": "^(?:[^/]*/[^:@]*[A-Z]|[^/:@]*[A-Z][^/:@]*(?:[:@][^/]*)?$)",
		"problem": "the repository has capitals; write it in lower case",
		"unless": "",
	},
	{
		"if": "^(?:[^/\\[]*|\\[[^/]*\\]):[^/@]*/",
		"problem": "the port is not a number from 1 to 65535 without zeros before it",
		"unless": "^(?:[^/:]*|\\[[^/]*\\]):(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))/",
	},
	{
		"if": "/",
		"problem": "the part before the first slash is neither the name of a registry nor a part of a path",
		"unless": "^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?|[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)/",
	},
	{
		"if": "",
		"problem": "a part of the path has something else than lower-case letters, digits, and single . _ __ or - between them",
		"unless": "^(?:[^/@]*/)?(?:[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:[:@]|$)",
	},
	{
		"if": "",
		"problem": "the repository is longer than 255 characters",
		"unless": "",
	},
]
