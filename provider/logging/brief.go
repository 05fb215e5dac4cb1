package logging

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// What one image may add to the log, in bytes as they are quoted. Users choose how many
// images are asked for, and attackers how many signatures those have. Together they bound
// the two lines about a refused image, that of its verification and that of the request, to 2 KiB.
const (
	// MaxImage bounds an image as it was asked for.
	MaxImage = 256
	// MaxDetail bounds why it was refused.
	MaxDetail = 200
	// maxError bounds why it is undecided.
	maxError = 600
	// maxDefect bounds a defect of ours, which has the beginning of a stack.
	maxDefect = 1500

	maxSignatures      = 2
	maxSignatureDetail = 160
)

// Undecided is the error within its bound. It may hold URLs, addresses and paths.
func Undecided(e *provider.UndecidedError) string {
	if e.Cause == provider.CauseInternal {
		return printable.Brief(e.Error(), maxDefect)
	}
	return printable.Brief(e.Error(), maxError)
}

// Signatures is the part of the list that one line of the log has room for, as text: first the
// signatures that decided. It returns how many are left out. The verb verify prints them all.
func Signatures(all []provider.Signature) (text string, leftOut int) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b provider.Signature) int { return cmp.Compare(rank(a), rank(b)) })
	var list []string
	for _, s := range sorted[:min(len(sorted), maxSignatures)] {
		result := string(s.Reason)
		if s.Undecided != "" {
			result = "undecided: " + string(s.Undecided)
		}
		if s.Detail != "" {
			result += ": " + printable.Brief(s.Detail, maxSignatureDetail)
		}
		list = append(list, s.Digest.String()+" "+result)
	}
	return strings.Join(list, "; "), len(all) - len(list)
}

// rank is low for the signature that decided: a good one, else one that may be good.
func rank(s provider.Signature) int {
	switch {
	case s.Reason == provider.Verified:
		return 0
	case s.Undecided != "":
		return 1
	}
	return 2
}
