package config

import (
	"fmt"
	"strconv"
	"time"
)

// amount is a number, a duration or a size with what is the least and the most of it. What is
// beyond is refused. Numbers are multiplied and added to. One that overflows, or that no machine
// has the memory for, would mean that every image is refused.
type amount struct {
	key, kind          string
	value, least, most int64
	text               func(int64) string
}

func number(key string, value, most int) amount {
	return amount{key, "number", int64(value), 1, int64(most), func(n int64) string { return strconv.FormatInt(n, 10) }}
}

func size(key string, value, most Bytes) amount { return sizeFrom(key, value, 1, most) }

func sizeFrom(key string, value, least, most Bytes) amount {
	return amount{key, "size", int64(value), int64(least), int64(most), func(n int64) string { return Bytes(n).String() }}
}

func span(key string, value Duration, least, most time.Duration) amount {
	return amount{key, "duration", int64(value), int64(least), int64(most), func(n int64) string { return Duration(n).String() }}
}

// MaxAnswer is the most that answerWithin and mutateWithin may be.
const MaxAnswer = 30 * time.Second

// amounts are all that the configuration holds. The text of each key names its bound.
func (c Config) amounts() []amount {
	const day = 24 * time.Hour
	return []amount{
		span("answerWithin", c.AnswerWithin, 1, MaxAnswer),
		span("mutateWithin", c.MutateWithin, 1, MaxAnswer),
		span("verifyWithin", c.VerifyWithin, 1, 5*time.Minute),
		span("requestTimeout", c.RequestTimeout, 1, 5*time.Minute),
		span("reload", c.Reload, 10*time.Millisecond, time.Hour),
		span("drainDelay", c.DrainDelay, 1, time.Minute),
		size("limits.requestBytes", c.Limits.RequestBytes, 64<<20),
		number("limits.keys", c.Limits.Keys, 10_000),
		number("limits.concurrent", c.Limits.Concurrent, 4096),
		number("limits.perRegistry", c.Limits.PerRegistry, 4096),
		number("limits.signatures", c.Limits.Signatures, 1000),
		size("limits.envelope", c.Limits.Envelope, 1<<20),
		number("cache.entries", c.Cache.Entries, 1_000_000),
		span("cache.verified", c.Cache.Verified, 1, day),
		span("cache.refused", c.Cache.Refused, 1, day),
		span("cache.tags", c.Cache.Tags, 1, day),
		size("cache.evidence.memory", c.Cache.Evidence.Memory, 16<<30),
		sizeFrom("cache.evidence.directory.size", c.Cache.Evidence.Directory.Size, 16<<20, 1<<30),
		span("cache.evidence.valkey.ttl", c.Cache.Evidence.Valkey.TTL, time.Minute, 365*day),
	}
}

// check says what is wrong with the amount, or "".
func (a amount) check() string {
	switch {
	case a.value <= 0:
		return fmt.Sprintf("%s is not positive; write a %s of up to %s", a.text(a.value), a.kind, a.text(a.most))
	case a.value < a.least:
		return fmt.Sprintf("%s is too little; write %s or more", a.text(a.value), a.text(a.least))
	case a.value > a.most:
		return fmt.Sprintf("%s is too much; write %s or less", a.text(a.value), a.text(a.most))
	}
	return ""
}

// bound names the most that key may be, for who wrote what cannot be read at all.
func bound(key string) string {
	for _, a := range (Config{}).amounts() {
		if a.key == key {
			return fmt.Sprintf("; the most is %s", a.text(a.most))
		}
	}
	return ""
}
