package valkey

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// session is the client by one version of the files, with its connections.
type session struct {
	options  Options
	dialer   *egress.Fixed
	tls      *tls.Config // nil: plain text
	password string
	client   redis.UniversalClient
	seeds    []*redis.Client // who tells where the servers are: Sentinels, or nodes of a Cluster
}

// paths are the files that the options name.
func (o Options) paths() []string {
	var paths []string
	for _, path := range []string{o.PasswordFile, o.SentinelPasswordFile, o.CAFile, o.CertFile, o.KeyFile} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// Check says what is wrong with the files that the options name. It does not use the network.
func Check(o Options) error {
	files, err := reload.Read(o.paths()...)
	if err == nil {
		_, _, err = load(o, files)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", loading, err)
	}
	return nil
}

// newSession makes the clients.
func newSession(o Options, files reload.Contents) (*session, error) {
	s, sentinelPassword, err := load(o, files)
	if err != nil {
		return nil, err
	}
	s.client = s.open(sentinelPassword)
	return s, nil
}

// load makes a session without clients of the files, all or none.
func load(o Options, files reload.Contents) (s *session, sentinelPassword string, err error) {
	s = &session{options: o, dialer: egress.NewFixed(o.Addresses, o.Nodes)}
	var noTLS, noPassword, noSentinelPassword error
	if !o.PlainTextUnsafe {
		s.tls, noTLS = o.tlsConfig(files)
	}
	s.password, noPassword = password(o.PasswordFile, files)
	sentinelPassword, noSentinelPassword = password(o.SentinelPasswordFile, files)
	return s, sentinelPassword, errors.Join(noTLS, noPassword, noSentinelPassword)
}

// open makes the client of the servers, and those of who tells where they are.
func (s *session) open(sentinelPassword string) redis.UniversalClient {
	o := s.options
	switch o.Mode {
	case Sentinel:
		s.addSeeds(o.SentinelUsername, sentinelPassword)
		return redis.NewClient(s.evidenceOptions(o.Master, s.dialMaster))
	case Cluster:
		s.addSeeds(o.Username, s.password)
		return redis.NewClusterClient(s.clusterOptions())
	}
	return redis.NewClient(s.evidenceOptions(o.Addresses[0], s.dial))
}

// evidenceOptions are those of a server that has the evidence. Some connections are opened before they are needed: the first
// read after a start would else wait for all that TLS wants.
func (s *session) evidenceOptions(address string, dial dialFunc) *redis.Options {
	options := s.clientOptions(address, dial)
	options.Username, options.Password = s.options.Username, s.password
	options.MinIdleConns = ready
	return options
}

// password reads the only line of a file.
func password(path string, files reload.Contents) (string, error) {
	if path == "" {
		return "", nil
	}
	line := strings.TrimRight(string(files[path]), "\r\n")
	if line == "" || strings.ContainsAny(line, "\r\n\x00") {
		return "", fmt.Errorf("%s: it is not one line; write the password alone into it", path)
	}
	return line, nil
}

func (o Options) tlsConfig(files reload.Contents) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.ServerName}
	if o.CAFile != "" {
		authorities, err := certfile.Parse(files[o.CAFile])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.CAFile, err)
		}
		c.RootCAs = x509.NewCertPool()
		for _, authority := range authorities {
			c.RootCAs.AddCert(authority)
		}
	}
	if o.CertFile == "" {
		return c, nil
	}
	// X509KeyPair would take the part of a chain that it can read for the whole.
	if _, err := certfile.Parse(files[o.CertFile]); err != nil {
		return nil, fmt.Errorf("%s: %w", o.CertFile, err)
	}
	pair, err := tls.X509KeyPair(certfile.WithoutBOM(files[o.CertFile]), certfile.WithoutBOM(files[o.KeyFile]))
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", o.CertFile, o.KeyFile, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// clientOptions are those of one server. RESP version 2 is what replies follows.
func (s *session) clientOptions(address string, dial dialFunc) *redis.Options {
	return &redis.Options{
		Addr: address, Dialer: dial, Protocol: 2,
		// One more attempt, at once: on another connection where one was closed meanwhile.
		MaxRetries: 1, MinRetryBackoff: -1, MaxRetryBackoff: -1,
		DialTimeout: dialTimeout, DialerRetries: 1,
		ReadTimeout: writeTimeout, WriteTimeout: writeTimeout, ContextTimeoutEnabled: true,
		PoolSize: connections, PipelinePoolSize: -1, ConnMaxLifetime: maxAge,
		ReadBufferSize: readBuffer, WriteBufferSize: readBuffer,
		DisableIdentity:          true, // CLIENT SETINFO is not for a user with few rights
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// addSeeds makes a client for each configured address.
func (s *session) addSeeds(username, password string) {
	for _, address := range s.options.Addresses {
		options := s.clientOptions(address, s.dial)
		options.Username, options.Password = username, password
		options.PoolSize = 2
		s.seeds = append(s.seeds, redis.NewClient(options))
	}
}

func (s *session) close() {
	_ = s.client.Close()
	for _, seed := range s.seeds {
		_ = seed.Close()
	}
}
