package advice

// Reasons that the policies have beside the provider's.
const (
	Misconfigured = "misconfigured"
	Excessive     = "excessive"
	Unpinned      = "unpinned"
	Unavailable   = "unavailable"
	Unanswered    = "unanswered"
	Contradictory = "contradictory"
	Mismatched    = "mismatched"
	Unexpected    = "unexpected"
	Refused       = "refused"
)

func ofPolicies() []Outcome {
	const later = "apply it again in a minute; if it lasts, tell the platform team"
	const strange = "tell the platform team; there is nothing to change in your image"
	return []Outcome{
		only(Undecided, Case{
			Means: "the provider could not find out, for a cause that is not known",
			Is:    unchecked, You: later,
		}),
		only(Unavailable, Case{
			Means: "the provider could not be asked, or failed",
			Is:    unchecked, You: later,
			Platform: "see whether it runs, and whether the constraint names it correctly; no image is admitted until then",
		}),
		only(Unanswered, Case{
			Means: "the provider said nothing about the image",
			Is:    unchecked, You: later,
			Platform: "see whether the constraint names the right provider",
		}),
		only(Contradictory, Case{
			Means: "the provider said different things about the image",
			Is:    unchecked, You: strange,
			Platform: "see whether the constraint names the right provider",
		}),
		only(Mismatched, Case{
			Means: "the provider verified another image or another digest",
			Is:    unchecked, You: strange,
			Platform: "see whether the constraint names the right provider",
		}),
		only(Unexpected, Case{
			Means: "the provider's answer does not say `\"verified\": true`",
			Is:    "is not verified", You: strange,
			Platform: "see whether the constraint names the right provider",
		}),
		only(Refused, Case{
			Means: "the provider's error has no reason in it: it is another provider",
			Is:    Unknown().Is, You: Unknown().You,
		}),
		only(Misconfigured, Case{
			Means: "the constraint does not say what it wants; it admits nothing until it does",
			Is:    unchecked, You: "tell the platform team; there is nothing to change in your image",
			Platform: "correct the parameters of the constraint; it admits nothing until then",
		}),
		only(Excessive, Case{
			Means: "the object has more images than can be judged in time; the message names none of them",
			Is:    "has too many images", You: "spread the images over several objects",
		}),
		only(Unpinned, Case{
			Means: "`PinnedImages`: the image is named without a digest",
			Is:    "is not named by digest", You: "add its digest, as in repository:tag@sha256:…; `oras resolve {image}` prints it",
		}),
	}
}
