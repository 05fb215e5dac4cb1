package provider

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What one image may add to the log, in bytes as they are quoted. Users choose how many
// images are asked for, and strangers how many signatures those have. Together they bound the
// two lines about a refused image, that of its verification and that of the request, to 2 KiB.
const (
	// BriefKey is for an image as it was asked for.
	BriefKey = 256
	// BriefDetail is for why it was refused.
	BriefDetail = 200
	// BriefError is for why it is undecided.
	BriefError = 600
	// BriefDefect is for a defect of ours: the beginning of a stack.
	BriefDefect = 1500

	briefSignatures      = 2
	briefSignatureDetail = 160
)

// Brief is text that may come from others, for a line of the log: printable, on one line,
// and at most limit bytes long with its escapes.
func Brief(text string, limit int) string {
	const more = "…"
	var b strings.Builder
	size, cut := 0, 0
	for _, r := range text {
		if size <= limit-len(more) {
			cut = b.Len()
		}
		r = printed(r)
		if size += utf8.RuneLen(r); r == '"' || r == '\\' {
			size++ // the escape
		}
		if size > limit {
			return b.String()[:cut] + more
		}
		b.WriteRune(r)
	}
	return b.String()
}

// printed is the rune, or what stands for one that does not print.
func printed(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return utf8.RuneError
	}
	return r
}

// Brief is the error within its bound. It may hold URLs, addresses and paths.
func (e *UndecidedError) Brief() string {
	if e.Cause == CauseInternal {
		return Brief(e.Error(), BriefDefect)
	}
	return Brief(e.Error(), BriefError)
}

// BriefSignatures is the part of the list that one line of the log has room for, those
// first that tell most, and how many are left out. The verb verify tells them all.
func BriefSignatures(all []Signature) (list []Signature, leftOut int) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b Signature) int { return cmp.Compare(rank(a), rank(b)) })
	for _, s := range sorted[:min(len(sorted), briefSignatures)] {
		list = append(list, Signature{Digest: s.Digest, Reason: s.Reason, Undecided: s.Undecided, Detail: Brief(s.Detail, briefSignatureDetail)})
	}
	return list, len(all) - len(list)
}

// rank is low for the signature that decided: the good one, else one that may be good.
func rank(s Signature) int {
	switch {
	case s.Reason == Verified:
		return 0
	case s.Undecided != "":
		return 1
	}
	return 2
}
