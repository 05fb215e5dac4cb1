package valkey

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/redis/go-redis/v9"
)

// errPanic is a panic of the client, as a reply could cause that it does not expect.
var errPanic = errors.New("the client of the store failed on an answer")

// recovered makes an error of a panic.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = errPanic
	}
}

// answered tells whether the server answered, by an error.
func answered(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok && !errors.Is(err, redis.Nil)
}

// code is the part of a server's error that programs read: NOPERM, OOM, WRONGPASS and such.
var code = regexp.MustCompile(`^[A-Z]{2,16}$|^[A-Z]{2,16} `)

// plain leaves the server's words out of an error: they may be anything, and some servers write our username there.
func plain(err error) error {
	if !answered(err) {
		return err
	}
	found := code.FindString(err.Error())
	if found == "" {
		return errors.New("it answered with an error")
	}
	return fmt.Errorf("it answered %s%s", strings.TrimSpace(found), advice(found))
}

// advice says what to do about an error that the server answers.
func advice(code string) string {
	switch strings.TrimSpace(code) {
	case "NOAUTH", "WRONGPASS":
		return "; see username and passwordFile"
	case "NOPERM":
		return "; the user lacks a right that the recipe of the chart gives it"
	case "OOM":
		return "; its memory is full: set maxmemory-policy to allkeys-lru"
	case "MISCONF":
		return "; it cannot write to its disk"
	}
	return ""
}
