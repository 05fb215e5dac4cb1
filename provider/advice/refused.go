package advice

import "gitlab.com/ska-telescope/notation-provider/provider"

const sign = "`notation sign {subject}`"

// stamped is how notation signs with a timestamp.
const stamped = "`notation sign --timestamp-url … {subject}`"

func refused() []Outcome {
	return []Outcome{
		{string(provider.Malformed), []Case{{
			Begins:   provider.DetailConditions,
			Means:    "the conditions of the question are not understood, or too many; no registry was asked",
			Is:       "is asked about with too many or wrong conditions",
			You:      "tell the platform team",
			Platform: "ask for less under requireMetadata and signers in the constraint",
		}, {
			Means: "not an image reference; no registry was asked",
			Is:    "is not an image reference",
			You:   "correct the name; write registry/repository, and then :tag or @digest",
		}}},
		only(string(provider.OutOfScope), Case{
			Means:    "no trust policy covers it; no registry was asked",
			Is:       "is from a repository that is not approved here",
			You:      "use an image from an approved repository, or ask for an exception",
			Platform: "add it to the registry scopes of a trust policy, or except it in the constraint",
		}),
		only(string(provider.NotFound), Case{
			Means: "the registry answers 404 for the manifest",
			Is:    "does not exist in its registry",
			You:   "check name and tag, or push the image",
		}),
		only(string(provider.Unsigned), Case{
			Means: "no notation signature refers to the digest",
			Is:    "is not signed",
			You:   "run your pipeline's signing step, or " + sign + "; a copy needs its signature copied too (`oras copy -r`)",
		}),
		untrusted(), tampered(), expired(), revoked(),
		only(string(provider.Unsupported), Case{
			Means: "a plugin, critical attribute, envelope type or algorithm that the provider does not have",
			Is:    "has a signature of a kind that is not supported",
			You:   "sign it again, without a plugin: " + sign,
		}),
		only(string(provider.TooManySignatures), Case{
			Means:    "the limit was reached with none good; the rest is unseen",
			Is:       "has too many signatures that do not count",
			You:      "delete those from the registry; `notation list {subject}` shows them",
			Platform: "or raise limits.signatures, which is how many are looked at",
		}),
	}
}

func untrusted() Outcome {
	const official = "use an image that the official pipeline signed"
	return Outcome{string(provider.Untrusted), []Case{{
		Begins:   provider.DetailUnknownCA,
		Means:    "the signing certificate is of a CA that the trust policy does not trust",
		Is:       "is not signed by a trusted signer",
		You:      official,
		Platform: "if it is right, add its CA to a trust store, and its name to the trusted identities",
	}, {
		Begins:   provider.DetailUnknownName,
		Means:    "the signing certificate is of a trusted CA, and its name is not among the trusted identities",
		Is:       "is not signed by a trusted signer",
		You:      official,
		Platform: "if it is right, add it to the trusted identities",
	}, {
		Begins:   provider.DetailNoMetadata,
		Means:    "no signature that passes the trust policy has the metadata that the constraint asks for",
		Is:       "is signed without metadata that is asked for",
		You:      "have it signed so: `notation sign -m KEY=VALUE {subject}`",
		Platform: "see requireMetadata in the constraint",
	}, {
		Begins:   provider.DetailOtherSigner,
		Means:    "no signature that passes the trust policy is by the signer that the constraint asks for",
		Is:       "is signed by another than asked for",
		You:      "use an image that this signer signed",
		Platform: "see signers in the constraint",
	}, {
		Begins: provider.DetailNoTimestamp,
		Means:  "the trust policy always wants a timestamp, and there is none that is valid",
		Is:     "is signed without a valid timestamp",
		You:    "sign it again: " + stamped,
	}, {
		Means: "the signature is not one that the trust policy trusts",
		Is:    "is not signed by a trusted signer",
		You:   official,
	}}}
}

func tampered() Outcome {
	return Outcome{string(provider.Tampered), []Case{{
		Begins: provider.DetailOtherImage,
		Means:  "the signature is for another image",
		Is:     "has no signature of its own",
		You:    "sign this one: " + sign,
	}, {
		Means: "the signature is damaged, or was changed after it was made",
		Is:    "has a damaged signature",
		You:   "tell your security team, then sign it again: " + sign,
	}}}
}

func expired() Outcome {
	const ended = "is signed with a certificate that has expired"
	return Outcome{string(provider.Expired), []Case{{
		Begins: provider.DetailSignatureEnded,
		Means:  "the signature has an expiry of its own, and that has passed",
		Is:     "has a signature that has expired",
		You:    "sign it again, with a later --expiry or none: " + sign,
	}, {
		Begins: provider.DetailUnstamped,
		Means:  "a certificate has expired, and there is no timestamp to show that the signature is older",
		Is:     ended,
		You:    "sign it again with a timestamp: " + stamped,
	}, {
		Begins:   provider.DetailBadStamp,
		Means:    "a certificate has expired, and the timestamp is late, damaged or of an authority that is not trusted",
		Is:       ended,
		You:      "sign it again with a trusted timestamp",
		Platform: "or add the root of its timestamp authority to a tsa trust store",
	}, {
		Begins:   provider.DetailTooEarly,
		Means:    "a certificate is not valid yet",
		Is:       "is signed with a certificate that is not valid yet",
		You:      "try again after that time",
		Platform: "compare the clocks of the CA and of the provider",
	}, {
		Means: "a certificate was outside its validity",
		Is:    "is signed with a certificate that was not valid",
		You:   "sign it again with the current certificate: " + sign,
	}}}
}

func revoked() Outcome {
	return Outcome{string(provider.Revoked), []Case{{
		Begins: provider.DetailTimestampRevoked,
		Means:  "a certificate of the timestamping chain is revoked",
		Is:     "has the timestamp of a revoked certificate",
		You:    "sign it again with another timestamp authority: " + stamped,
	}, {
		Means: "a certificate of the signing chain is revoked",
		Is:    "is signed with a certificate that was revoked",
		You:   "do not use it unchecked; build it again and sign it with the current certificate",
	}}}
}
