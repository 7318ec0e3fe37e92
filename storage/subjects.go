package storage

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

type subjectRow struct {
	bun.BaseModel `bun:"table:subjects,alias:s"`

	ID         record.ID          `bun:"id,pk"`
	Type       record.SubjectType `bun:"type"`
	Code       string             `bun:"code,nullzero"`
	CodeIndex  []byte             `bun:"code_index"`
	CodeSealed []byte             `bun:"code_sealed"`
	IDType     string             `bun:"id_type"`
	Name       string             `bun:"name"`
	Registered string             `bun:"registered_name"` // "" where an earlier release wrote the row
	ProvenAt   time.Time          `bun:"proven_at,nullzero"`
	ClosedAt   time.Time          `bun:"closed_at,nullzero"`
	CreatedAt  time.Time          `bun:"created_at,nullzero"`
}

// codeIndex is the blind index of a subject's code. Type and kind of document
// are part of it: a passport number may equal a resident's.
func (s *Store) codeIndex(t record.SubjectType, idType, code string) []byte {
	return s.keys.blind("subject/"+string(t)+"/"+idType, code)
}

// identityIndex is the blind index of an identity number wherever a person may
// appear: account, representative, agent, staff.
func (s *Store) identityIndex(number string) []byte {
	return s.keys.blind("identity", number)
}

// dataKey opens a subject's data key, once in a transaction. It is not kept for
// longer: a key that was destroyed opens nothing any more.
func (s *Store) dataKey(ctx context.Context, db bun.IDB, subject record.ID) ([]byte, error) {
	opened, _ := ctx.Value(openedKeys{}).(map[record.ID][]byte)
	if key, ok := opened[subject]; ok {
		return key, nil
	}
	var wrapped wrappedKey
	err := db.NewRaw("SELECT master, wrapped FROM subject_keys WHERE subject = ?", subject).Scan(ctx, &wrapped)
	if err != nil {
		return nil, missing(err, "read data key")
	}
	key, err := s.openKey(subject, wrapped)
	if err == nil && opened != nil {
		opened[subject] = key
	}
	return key, err
}

// openedKeys finds, in the context of a transaction, the data keys that it has
// opened.
type openedKeys struct{}

// wrappedKey is a data key as it is kept. It may be read together with what it
// seals.
type wrappedKey struct {
	Master  string `bun:"master,scanonly"`
	Wrapped []byte `bun:"wrapped,scanonly"`
}

func (s *Store) openKey(subject record.ID, wrapped wrappedKey) ([]byte, error) {
	key, err := s.keys.unsealMaster(wrapped.Master, wrapped.Wrapped, "subject/"+string(subject))
	if err != nil {
		return nil, fmt.Errorf("open data key: %w", err)
	}
	return key, nil
}

func (s *Store) subject(ctx context.Context, db bun.IDB, row *subjectRow) (record.Subject, error) {
	code := row.Code
	if code == "" {
		key, err := s.dataKey(ctx, db, row.ID)
		if err != nil {
			return record.Subject{}, err
		}
		plain, err := unseal(key, row.CodeSealed, "code/"+string(row.ID))
		if err != nil {
			return record.Subject{}, fmt.Errorf("open subject's code: %w", err)
		}
		code = string(plain)
	}
	return record.Subject{
		ID: row.ID, Type: row.Type, Code: code, IDType: row.IDType, Name: row.Name,
		Proven: !row.ProvenAt.IsZero(), Closed: !row.ClosedAt.IsZero(),
	}, nil
}

// Subject returns a subject.
func (s *Store) Subject(ctx context.Context, id record.ID) (record.Subject, error) {
	return s.subjectByID(ctx, s.db, id)
}

func (s *Store) subjectByID(ctx context.Context, db bun.IDB, id record.ID) (record.Subject, error) {
	var row subjectRow
	if err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return record.Subject{}, missing(err, "read subject")
	}
	return s.subject(ctx, db, &row)
}

// Registered reports whether the code is registered. The code is normalized.
func (s *Store) Registered(ctx context.Context, t record.SubjectType, idType, code string) (bool, error) {
	exists, err := s.db.NewSelect().Model((*subjectRow)(nil)).
		Where("code_index = ?", s.codeIndex(t, idType, code)).Where("closed_at IS NULL").Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look up registration: %w", err)
	}
	return exists, nil
}

// Registration is what a new subject gives.
type Registration struct {
	Command  record.ID // nonce of the form: the same registration sent twice is one
	Type     record.SubjectType
	IDType   string // persons only
	Code     string // normalized
	Name     string
	Password string // hashed
}

// RegisteredAccount is the answer to a registration.
type RegisteredAccount struct {
	Subject record.Subject
	Account record.ID
	Receipt record.Receipt
}

const (
	// MoveRegister is the move of the command that a registration leaves for
	// its workflow. It is no move of the lifecycle table.
	MoveRegister record.Move = "register"
	kindSubject  record.Kind = "subject"
)

// Register creates subject, account, data key and chain, and leaves an open
// command for the registration's workflow, in one transaction. A code that is
// registered gives a record.Taken error.
func (s *Store) Register(ctx context.Context, r Registration) (RegisteredAccount, error) {
	var answer RegisteredAccount
	err := s.inTx(ctx, "register", func(ctx context.Context, tx bun.Tx) error {
		if done, err := s.registeredBefore(ctx, tx, r, &answer); done || err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		subject := record.Subject{ID: NewID(), Type: r.Type, Code: r.Code, IDType: r.IDType, Name: r.Name}
		if err := s.insertSubject(ctx, tx, subject); err != nil {
			return err
		}
		account := accountRow{ID: NewID(), Subject: subject.ID, Password: r.Password}
		if _, err := tx.NewInsert().Model(&account).Exec(ctx); err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
		actor := record.Actor{Role: record.Applicant, ID: account.ID, Assurance: record.ByPassword}
		row := commandRow{
			ID: r.Command, Record: subject.ID, Subject: subject.ID, Kind: kindSubject, Move: MoveRegister, Seq: 1,
			Role: actor.Role, Actor: actor.ID, Assurance: actor.Assurance, AcceptedAt: now, Files: []string{}, Remarks: []record.Remark{},
		}
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		answer = RegisteredAccount{Subject: subject, Account: account.ID, Receipt: row.receipt()}
		return s.appendEvent(ctx, tx, event{
			Chain: subject.ID, Type: string(MoveRegister), Command: r.Command, Role: actor.Role, Actor: actor.ID, At: now,
		})
	})
	if uniqueViolation(err) == "" {
		return answer, err
	}
	// Either the same form was sent twice at once and the other one won, or the
	// code is somebody else's.
	answer = RegisteredAccount{}
	err = s.inTx(ctx, "register", func(ctx context.Context, tx bun.Tx) error {
		done, err := s.registeredBefore(ctx, tx, r, &answer)
		if err == nil && !done {
			err = record.Errorf(record.Taken, "该代码或证件号已注册，请直接登录")
		}
		return err
	})
	return answer, err
}

// registeredBefore answers a registration whose command is known already.
func (s *Store) registeredBefore(ctx context.Context, tx bun.Tx, r Registration, answer *RegisteredAccount) (bool, error) {
	var row commandRow
	err := tx.NewSelect().Model(&row).Where("id = ?", r.Command).Scan(ctx)
	if err := missing(err, "read registration"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			return false, nil
		}
		return false, err
	}
	subject, err := s.subjectByID(ctx, tx, row.Subject)
	if err != nil {
		return false, err
	}
	if row.Move != MoveRegister || subject.Type != r.Type || subject.Code != r.Code {
		return false, record.Errorf(record.AlreadyDone, "该页面已经提交过，请刷新后重新填写")
	}
	*answer = RegisteredAccount{Subject: subject, Account: row.Actor, Receipt: row.receipt()}
	return true, nil
}

func (s *Store) insertSubject(ctx context.Context, tx bun.Tx, subject record.Subject) error {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("draw data key: %w", err)
	}
	sealed, err := seal(key, []byte(subject.Code), "code/"+string(subject.ID))
	if err != nil {
		return err
	}
	row := subjectRow{
		ID: subject.ID, Type: subject.Type, IDType: subject.IDType, Name: subject.Name, Registered: subject.Name, CodeSealed: sealed,
		CodeIndex: s.codeIndex(subject.Type, subject.IDType, subject.Code),
	}
	if subject.Type == record.Organization {
		row.Code = subject.Code
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("insert subject: %w", err)
	}
	master, wrapped, err := s.keys.sealMaster(key, "subject/"+string(subject.ID))
	if err != nil {
		return err
	}
	_, err = tx.NewRaw("INSERT INTO subject_keys (subject, master, wrapped) VALUES (?, ?, ?)", subject.ID, master, wrapped).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert data key: %w", err)
	}
	return newChain(ctx, tx, subject.ID)
}
