package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Config is one docker config: a file in the form of ~/.docker/config.json. It does not change.
type Config struct {
	path     string
	records  map[string]*record // by canonical host
	hosts    []string           // that warnings tell of, in the order of the file
	store    string             // credsStore: the helper for hosts that have neither a credential nor a helper here
	warnings []string
}

// Parse reads the text of a docker config; path is for messages. It fails where nothing can be known of the hosts that
// the file is for: the text is not JSON, or auths, credHelpers or credsStore is of the wrong type. An entry that cannot be
// used is no failure: lookups of its host fail, and [Config.Warnings] tells of it.
func Parse(path string, text []byte) (*Config, error) {
	c := &Config{path: path, records: map[string]*record{}}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // editors on Windows write this mark first
	if len(bytes.TrimSpace(text)) > 0 {
		if err := c.parse(text); err != nil {
			return nil, fmt.Errorf("docker config %s: %w", path, err)
		}
	}
	c.conclude()
	return c, nil
}

func (c *Config) parse(text []byte) error {
	if err := checkSyntax(text); err != nil {
		return err
	}
	members, err := membersOf(text)
	if err != nil {
		return err
	}
	if err := checkOnce(text, members); err != nil {
		return err
	}
	for _, m := range members {
		if err := c.add(m); err != nil {
			return fmt.Errorf("line %d: %s: %w", lineAt(text, m.offset), m.name, err)
		}
	}
	return nil
}

// checkOnce refuses a file that has one of its sections twice: some readers join them, some take the last, and the
// author of the first would not learn that it is not used.
func checkOnce(text []byte, members []member) error {
	for _, section := range []string{"auths", "credHelpers", "credsStore"} {
		seen := false
		for _, m := range members {
			if !m.is(section) {
				continue
			}
			if seen {
				return fmt.Errorf("line %d: %s stands in it twice, and readers differ in which counts: make one of the two", lineAt(text, m.offset), m.name)
			}
			seen = true
		}
	}
	return nil
}

// add reads one member of the file.
func (c *Config) add(m member) error {
	switch {
	case m.is("auths"):
		return each(m.value, c.addEntry)
	case m.is("credHelpers"):
		return each(m.value, c.addHelper)
	case m.is("credsStore"):
		if json.Unmarshal(m.value, &c.store) != nil {
			return errors.New("it is not the name of a credential helper")
		}
		return nil
	}
	c.warnUnread(m)
	return nil
}

func each(object json.RawMessage, add func(key string, value json.RawMessage)) error {
	members, err := membersOf(object)
	for _, m := range members {
		add(m.name, m.value)
	}
	return err
}

func (c *Config) addEntry(key string, value json.RawMessage) {
	hosts, err := hostsOf(key)
	if err != nil {
		c.warn("auths %s can never match: %v", shown(key), err)
		return
	}
	credential, err := decode(value)
	if err == nil && len(hosts) > 0 && hasSpace(credential) {
		c.warn("auths %s has white space around its username or password, as echo adds it; printf does not", shown(key))
	}
	for _, r := range c.recordsOf(hosts) {
		r.addEntry(key, credential, err)
	}
}

func (c *Config) addHelper(key string, value json.RawMessage) {
	hosts, err := hostsOf(key)
	if err != nil {
		c.warn("credHelpers %s can never match: %v", shown(key), err)
		return
	}
	var name string
	err = json.Unmarshal(value, &name)
	for _, r := range c.recordsOf(hosts) {
		r.addHelper(key, name, err)
	}
}

// recordsOf are those of the hosts that one key is for, made where there is none. Warnings tell of the first.
func (c *Config) recordsOf(hosts []string) []*record {
	var all []*record
	for _, host := range hosts {
		if c.records[host] == nil {
			c.records[host] = &record{}
		}
		all = append(all, c.records[host])
	}
	if len(hosts) > 0 && !slices.Contains(c.hosts, hosts[0]) {
		c.hosts = append(c.hosts, hosts[0])
	}
	return all
}

// shown is a key as messages have it: quoted, not long, and without the password that someone wrote before a host.
func shown(key string) string {
	if at := strings.LastIndexByte(key, '@'); at >= 0 {
		key = "…" + key[at:]
	}
	const most = 128
	return strconv.Quote(key[:min(len(key), most)])
}
