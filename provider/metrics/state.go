package metrics

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// Certificate is one whose end is worth an alert.
type Certificate struct {
	// Use is trust, serving or client-ca.
	Use string
	// Store is the trust store's name, "" for others.
	Store string
	// File is the name of its file in the trust store, "" for others. It is no label:
	// subjects tell certificates apart in an alert.
	File string
	// Subject is the distinguished name.
	Subject string
	// NotBefore is left out if it is zero.
	NotBefore, NotAfter time.Time
}

// Source is a set of files and whether the version in force is the newest.
type Source struct {
	Name    string
	Failing bool
	// Loaded is when the version in force was taken over.
	Loaded time.Time
	// Hash is of what is in force; nil: the source has none.
	Hash []byte
}

// State tells what is in force whenever it is asked for, so that it cannot go stale.
func (m *Metrics) State(certificates func() []Certificate, sources func() []Source) {
	const start, expiry = "certificate_start_timestamp_seconds", "certificate_expiry_timestamp_seconds"
	m.sample([]string{start, expiry}, func(add func(string, float64, ...string)) {
		// Two certificates may have one subject, as they do while a CA is rotated: nth tells them apart.
		seen := map[[3]string]int{}
		for _, c := range certificates() {
			subject := strings.ToValidUTF8(c.Subject, "?")
			key := [3]string{c.Use, c.Store, subject}
			seen[key]++
			labels := []string{c.Use, c.Store, subject, strconv.Itoa(seen[key])}
			add(expiry, float64(c.NotAfter.Unix()), labels...)
			if !c.NotBefore.IsZero() {
				add(start, float64(c.NotBefore.Unix()), labels...)
			}
		}
	})
	const failing, loaded, hash = "reload_failing", "config_last_reload_success_timestamp_seconds", "config_hash"
	m.sample([]string{failing, loaded, hash}, func(add func(string, float64, ...string)) {
		for _, source := range sources() {
			add(failing, truth(source.Failing), source.Name)
			add(loaded, float64(source.Loaded.UnixMilli())/1000, source.Name)
			if len(source.Hash) >= 6 {
				add(hash, number(source.Hash), source.Name)
			}
		}
	})
}

// number is the first 48 bits of a hash, which a sample's float64 holds exactly, as Alertmanager's hash does.
func number(hash []byte) float64 {
	var first [8]byte
	copy(first[2:], hash[:6])
	return float64(binary.BigEndian.Uint64(first[:]))
}
