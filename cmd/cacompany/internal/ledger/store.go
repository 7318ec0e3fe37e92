// Package ledger is the memory of the CA company: applications, the answers
// given, certificates, tokens, and the callbacks that are still to be delivered,
// in one bbolt file. What a transaction wrote is on disk when it returns.
package ledger

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrUnknown says that there is nothing of that name.
var ErrUnknown = errors.New("unknown")

// ErrInUse says that another process has the ledger open.
var ErrInUse = errors.New("the ledger is in use by another cacompany")

// lockPatience is how long a process that is about to end may keep the file.
const lockPatience = 2 * time.Second

// The buckets: what is keyed by number is in order of arrival.
var (
	bucketSettings     = []byte("settings")
	bucketApplications = []byte("applications") // number → Application
	bucketReferences   = []byte("references")   // reference → number
	bucketOpen         = []byte("open")         // code, kind, business → reference
	bucketAnswers      = []byte("answers")      // operation and key → Answer
	bucketMessages     = []byte("messages")     // webhook-id → digest
	bucketCertificates = []byte("certificates") // number → Certificate
	bucketSerials      = []byte("serials")      // serial → number
	bucketTokens       = []byte("tokens")       // reference → file
	bucketDeliveries   = []byte("deliveries")   // number → Delivery
	bucketPending      = []byte("pending")      // number of each pending delivery
	bucketAuthorities  = []byte("authorities")  // key → what the authority keeps
)

var buckets = [][]byte{
	bucketSettings, bucketApplications, bucketReferences, bucketOpen, bucketAnswers, bucketMessages,
	bucketCertificates, bucketSerials, bucketTokens, bucketDeliveries, bucketPending, bucketAuthorities,
}

// Store is an open ledger. It is safe for concurrent use.
type Store struct{ db *bbolt.DB }

// Open opens the file at path, which it makes if need be, for this process
// alone; ErrInUse if another one has it.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockPatience})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the ledger: %w", err), db.Close())
	}
	return &Store{db}, nil
}

// Close closes the file once what is under way has ended.
func (s *Store) Close() error { return s.db.Close() }

// Update runs change in a transaction of its own, one after the other, and
// returns when all it wrote is on disk. An error leaves everything as it was.
func (s *Store) Update(change func(*Tx) error) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return change(&Tx{tx}) })
}

// View runs look on the state of one instant.
func (s *Store) View(look func(*Tx) error) error {
	return s.db.View(func(tx *bbolt.Tx) error { return look(&Tx{tx}) })
}

// Tx is a transaction. What it returns are copies.
type Tx struct{ tx *bbolt.Tx }

func (t *Tx) read(bucket, key []byte, into any) error {
	value := t.tx.Bucket(bucket).Get(key)
	if value == nil {
		return ErrUnknown
	}
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf("read %s: %w", bucket, err)
	}
	return nil
}

func (t *Tx) write(bucket, key []byte, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write %s: %w", bucket, err)
	}
	return t.tx.Bucket(bucket).Put(key, encoded)
}

// next gives the next number of a bucket.
func (t *Tx) next(bucket []byte) (uint64, error) { return t.tx.Bucket(bucket).NextSequence() }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// newest goes through a bucket that is keyed by number, from the last back. A
// record that cannot be read ends the walk with its error.
func newest[T any](t *Tx, bucket []byte) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		cursor := t.tx.Bucket(bucket).Cursor()
		for key, value := cursor.Last(); key != nil; key, value = cursor.Prev() {
			record := new(T)
			if err := json.Unmarshal(value, record); err != nil {
				yield(nil, fmt.Errorf("read %s: %w", bucket, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// Settings returns what init wrote, ErrUnknown before.
func (t *Tx) Settings() (Settings, error) {
	var s Settings
	return s, t.read(bucketSettings, bucketSettings, &s)
}

// SetSettings replaces them.
func (t *Tx) SetSettings(s Settings) error { return t.write(bucketSettings, bucketSettings, s) }

// Authority returns what was kept under the key, ErrUnknown if nothing was.
func (t *Tx) Authority(key string, into any) error {
	return t.read(bucketAuthorities, []byte(key), into)
}

// SetAuthority keeps an authority's keys and certificates.
func (t *Tx) SetAuthority(key string, value any) error {
	return t.write(bucketAuthorities, []byte(key), value)
}
