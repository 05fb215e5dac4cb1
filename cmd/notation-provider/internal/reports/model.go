package reports

import (
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Version is that of the JSON. It changes when a field goes or means something else, and not when one is added.
const Version = 1

// The outcomes of an image, as in verify -o json.
const (
	Verified  = "verified"
	Refused   = "refused"
	Undecided = "undecided"
)

// Report is what runs, as provider/README.md explains it. Lists are never null.
type Report struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	// SoonUntil is the moment up to which an end is soon.
	SoonUntil time.Time `json:"soonUntil"`
	Summary   Summary   `json:"summary"`
	// Registries and Signers are the totals of each, the largest first.
	Registries []Total `json:"registries"`
	Signers    []Total `json:"signers"`
	// Images are those to look at first, then the others by name.
	Images []Image `json:"images"`
	// Exceptions are in the order of the objects that were given.
	Exceptions []Exception `json:"exceptions"`
	// Notes are what limits the report, a line each.
	Notes []string `json:"notes"`
}

// Summary counts images by outcome. Excepted are those, not verified, that exceptions admit wherever they are used; they
// are counted as refused or undecided too. Moved are those whose tag stands for another digest now, and Soon those that
// lapse soon.
type Summary struct {
	Images     int `json:"images"`
	Verified   int `json:"verified"`
	Refused    int `json:"refused"`
	Undecided  int `json:"undecided"`
	Excepted   int `json:"excepted"`
	Moved      int `json:"moved"`
	Soon       int `json:"soon"`
	Objects    int `json:"objects"`
	Namespaces int `json:"namespaces"`
	// Finished counts the pods that were left out because all their containers have ended.
	Finished int `json:"finished"`
}

// Total counts the images of a registry, or of a signer.
type Total struct {
	Name      string `json:"name"`
	Images    int    `json:"images"`
	Verified  int    `json:"verified"`
	Refused   int    `json:"refused"`
	Undecided int    `json:"undecided"`
	Excepted  int    `json:"excepted"`
}

// Verdict is the answer about one image, with the fields of verify -o json.
type Verdict struct {
	Outcome      string           `json:"outcome"`
	Reason       provider.Reason  `json:"reason,omitempty"`
	Cause        provider.Cause   `json:"cause,omitempty"`
	Detail       string           `json:"detail,omitempty"`
	Digest       string           `json:"digest,omitempty"`
	Policy       string           `json:"policy,omitempty"`
	Signer       string           `json:"signer,omitempty"`
	SignedAt     *time.Time       `json:"signedAt,omitempty"`
	Until        *time.Time       `json:"until,omitempty"`
	Lapses       []provider.Lapse `json:"lapses"`
	Warnings     []string         `json:"warnings"`
	You          string           `json:"you,omitempty"`
	PlatformTeam string           `json:"platformTeam,omitempty"`
}

// Image is one image that runs: a reference, at the digest that runs.
type Image struct {
	// Image is the reference as the objects have it.
	Image string `json:"image"`
	// Registry is the host of the image's name; "" for what is no reference.
	Registry string `json:"registry,omitempty"`
	// Running is the digest that the container runtime reports; "" if it reports none.
	Running string `json:"running,omitempty"`
	// Verdict is about the digest that the reference names, else the one that runs, else that of the tag. Where several
	// constraints decide on the image, it is the worst of theirs.
	Verdict
	// Question is what was asked, as verify takes it, where the constraint wants more than the trust policy.
	Question string `json:"question,omitempty"`
	// Constraint names the constraint whose verdict this is, where it wants more than the trust policy, or admits nothing.
	Constraint string `json:"constraint,omitempty"`
	// Lapse is the first of Lapses that no CA renews by itself: from then on the image is refused unless it is signed again.
	Lapse *provider.Lapse `json:"lapse,omitempty"`
	// Tag is what the tag of the reference stands for now; nil if there is no tag, or the runtime reports no digest.
	Tag *Tag `json:"tag,omitempty"`
	// Excepted tells whether exceptions admit the image wherever it is used and its signature does not.
	Excepted   bool    `json:"excepted"`
	Exceptions []Cover `json:"exceptions"`
	// Namespaces are those it is used in, by name; "" for what is in none.
	Namespaces []string `json:"namespaces"`
	Uses       []Use    `json:"uses"`
}

// Tag is what a tag stands for now: what would run if a pod were made today.
type Tag struct {
	Outcome string          `json:"outcome"`
	Reason  provider.Reason `json:"reason,omitempty"`
	Cause   provider.Cause  `json:"cause,omitempty"`
	Digest  string          `json:"digest,omitempty"`
	// Moved tells that its digest is known, and another than the one that runs.
	Moved bool `json:"moved"`
}

// Use is an object that uses an image.
type Use struct {
	Kind       string   `json:"kind"`
	Namespace  string   `json:"namespace,omitempty"`
	Name       string   `json:"name"`
	Containers []string `json:"containers"`
}

// Cover is an exception that admits an image in some namespaces.
type Cover struct {
	From       string   `json:"from"`
	Pattern    string   `json:"pattern"`
	Reason     string   `json:"reason"`
	Expires    string   `json:"expires"`
	Namespaces []string `json:"namespaces"`
}

// Exception is one that was given, and what is to be said of it.
type Exception struct {
	// From is the object it is from, such as SignedImages/all-images.
	From    string `json:"from"`
	Pattern string `json:"pattern"`
	Reason  string `json:"reason"`
	// Expires is the last day it counts, in UTC, or never.
	Expires    string   `json:"expires"`
	Namespaces []string `json:"namespaces"`
	// Findings are in the order of [Findings].
	Findings []Finding `json:"findings"`
	// Problem is why it counts for nothing, if it is broken.
	Problem string `json:"problem,omitempty"`
	// Images are those that run and that it covers, whether or not they are verified too.
	Images []string `json:"images"`
	// Enough is what would cover the same, where it is broader than that.
	Enough *Enough `json:"enough,omitempty"`
}

// Enough is the narrowest exception that covers what runs.
type Enough struct {
	Patterns   []string `json:"patterns"`
	Namespaces []string `json:"namespaces"`
}

// Finding is something to look at in an exception. The list is closed.
type Finding string

const (
	// Broken means: it counts for nothing, on no day.
	Broken Finding = "broken"
	// Ended means: its last day has passed.
	Ended Finding = "ended"
	// Soon means: its last day comes soon.
	Soon Finding = "soon"
	// Unused means: nothing that runs is covered by it.
	Unused Finding = "unused"
	// Broader means: it covers more images, or more namespaces, than those that run.
	Broader Finding = "broader"
)

// Findings returns every Finding there is.
func Findings() []Finding { return []Finding{Broken, Ended, Soon, Unused, Broader} }
