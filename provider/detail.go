package provider

// What the details of verdicts begin with, where one reason has several remedies. The rooms that find out write them, and
// the room advice goes by them: so both have the same words. None begins with another one.
const (
	// DetailOtherImage goes before the digest that the signature is for.
	DetailOtherImage = "the signature is for another image, "
	// DetailUnknownCA and DetailUnknownName go before the policy and the name of the signing certificate.
	DetailUnknownCA   = "its signer's CA is not trusted"
	DetailUnknownName = "its signer's CA is trusted, but not the name"
	// DetailConditions goes before what is wrong with the conditions of a question.
	DetailConditions = "its conditions "
	// DetailNoMetadata goes before the metadata that a question asks for and the signature does not have.
	DetailNoMetadata = "its signature lacks the metadata "
	// DetailOtherSigner goes before the attributes that a question asks for and the signer does not have.
	DetailOtherSigner = "its signer is trusted, but is not the one asked for, "
	// DetailNoTimestamp goes before the policy that wants a timestamp of every signature.
	DetailNoTimestamp = "it has no valid timestamp, "
	// DetailSignatureEnded goes before a time.
	DetailSignatureEnded = "the signature was valid until "
	// DetailUnstamped and DetailBadStamp go before the time at which a certificate expired, and its name.
	DetailUnstamped = "it has no timestamp, and its certificate expired at "
	DetailBadStamp  = "its timestamp does not count, and its certificate expired at "
	// DetailTooEarly goes before the time from which on a certificate is valid, and its name.
	DetailTooEarly = "its certificate is not valid before "
	// DetailTimestampRevoked goes before the time at which a certificate of the timestamping chain was revoked.
	DetailTimestampRevoked = "a certificate of its timestamping chain was revoked at "
	// DetailRefusesAccess goes before the status that the registry answered.
	DetailRefusesAccess = "the registry refuses access"
	// DetailRateLimit goes before how long the registry wants to be left alone.
	DetailRateLimit = "the registry limits the rate of requests"
	// DetailShuttingDown is the whole detail.
	DetailShuttingDown = "the provider is shutting down"
)

// DetailDefect is the detail of what is undecided by a defect of this program. The log has the rest.
const DetailDefect = "the provider has a fault"
