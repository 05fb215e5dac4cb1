package valkey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// Storage is an evidence.Storage in Valkey or Redis. It is a [reload.Source] too: a new password or certificate
// means new connections. It is safe for use by many goroutines, but for Reload.
type Storage struct {
	options Options
	files   *reload.Files
	session atomic.Pointer[session]
}

// loading begins the errors of files.
const loading = "load the files of cache.evidence.valkey"

// New reads the files that the options name, and waits for no server: a store that is down holds nothing up. Close ends it.
func New(o Options) (*Storage, error) {
	redis.SetLogger(silent{})
	s := &Storage{options: o, files: reload.NewFiles(o.paths()...)}
	if _, err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// silent keeps go-redis from writing to standard error: what goes wrong is in the error that it returns.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Name is "evidence-store".
func (s *Storage) Name() string { return "evidence-store" }

// Reload takes over the files if they have changed and are good. Connections that the old ones opened end.
func (s *Storage) Reload() (changed bool, err error) {
	changed, err = s.files.Load(s.take)
	if err != nil {
		return false, fmt.Errorf("%s: %w", loading, err)
	}
	return changed, nil
}

func (s *Storage) take(c reload.Contents) error {
	next, err := newSession(s.options, c)
	if err != nil {
		return err
	}
	if old := s.session.Swap(next); old != nil {
		old.close()
	}
	return nil
}

// Close ends all connections.
func (s *Storage) Close() { s.session.Load().close() }

// Read implements evidence.Storage. What is read lives for another TTL.
func (s *Storage) Read(key string) (value []byte, err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	client, name := s.session.Load().client, s.options.Prefix+key
	text, err := client.GetEx(ctx, name, s.options.TTL).Bytes()
	if answered(err) {
		// It cannot write now, or it is older than GETEX (Redis 6.2): it may be read all the same.
		text, err = client.Get(ctx, name).Bytes()
	}
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read from the store: %w", fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read from the store: %w", plain(err))
	}
	value, ok := bytes.CutPrefix(text, []byte(header+key+"\n"))
	if !ok {
		return nil, fmt.Errorf("read from the store: it holds no entry of its key: %w", fs.ErrNotExist)
	}
	return value, nil
}

// Write implements evidence.Storage.
func (s *Storage) Write(key string, value []byte) (err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	text := append([]byte(header+key+"\n"), value...)
	if err := s.session.Load().client.Set(ctx, s.options.Prefix+key, text, s.options.TTL).Err(); err != nil {
		return fmt.Errorf("write to the store: %w", plain(err))
	}
	return nil
}
