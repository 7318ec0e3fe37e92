package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// database is the owner's connection.
type database struct{ *bun.DB }

func openOwner(address string) (*database, error) {
	db, err := storage.Open(address, 1)
	if err != nil {
		return nil, err
	}
	return &database{db}, nil
}

func (d *database) close() error { return d.Close() }

// file submits the 基本信息 of that many organizations through the store, as the
// portal and the workflow do it. Their scans are rows without an object.
func (d *reviewersDesk) file(ctx context.Context, organizations int) error {
	var next atomic.Int64
	return atOnce(func() error {
		for {
			n := int(next.Add(1)) - 1
			if n >= organizations {
				return nil
			}
			if err := d.fileOne(ctx, n); err != nil {
				return fmt.Errorf("file organization %d: %w", n, err)
			}
		}
	})
}

func (d *reviewersDesk) fileOne(ctx context.Context, n int) error {
	code, name := sample.CreditCode(700_000+n), fmt.Sprintf("示范审核第%d号有限公司", n)
	registered, err := d.store.Register(ctx, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: code, Name: name, Password: "-",
	})
	if err != nil {
		return err
	}
	subject := registered.Subject
	id, err := d.store.StartDraft(ctx, registered.Account, subject, record.OrganizationProfile)
	if err != nil {
		return err
	}
	scan, err := d.scan(ctx, subject.ID, registered.Account, id, n)
	if err != nil {
		return err
	}
	document := sample.Organization(code, name, scan)
	document.Representative.IDNumber = sample.ResidentID(700_000 + n) // one for all would connect each with all
	saved, err := d.store.SaveDraft(ctx, subject.ID, id, 1, document)
	if err != nil {
		return err
	}
	c := record.Command{
		ID: storage.NewID(), Record: id, Subject: subject.ID, Kind: record.OrganizationProfile, Move: record.Submit, Draft: saved.Version,
		Actor: record.Actor{Role: record.Applicant, ID: registered.Account, Assurance: record.ByPassword},
	}
	if _, err := d.store.Accept(ctx, c); err != nil {
		return err
	}
	applied, err := d.store.Apply(ctx, id, []record.ID{c.ID})
	if err == nil && (len(applied.Outcomes) != 1 || !applied.Outcomes[0].Applied) {
		err = fmt.Errorf("the submit was not applied: %+v", applied.Outcomes)
	}
	return err
}

func (d *reviewersDesk) scan(ctx context.Context, subject, account, id record.ID, n int) (form.File, error) {
	file := sample.File(string(storage.NewID()), "营业执照.pdf")
	file.SHA256 = fmt.Sprintf("%064x", 1_000_000+n)
	_, err := d.owner.NewRaw(`INSERT INTO files (id, subject, account, record, field, name, type, size, sha256, object, state)
		VALUES (?, ?, ?, ?, 'licence', ?, ?, ?, ?, ?, 'available')`,
		file.ID, subject, account, id, file.Name, file.Type, file.Size, file.SHA256, file.ID).Exec(ctx)
	if err != nil {
		return form.File{}, fmt.Errorf("write scan: %w", err)
	}
	return file, nil
}

// wait lays rows into the queue until there are that many, due after the real
// ones but for one in twenty, and analyzes the tables, as PostgreSQL does by
// itself a minute later. Their records are at rest: no workflow is started for
// them.
func (d *reviewersDesk) wait(ctx context.Context, have, want int) error {
	_, err := d.owner.NewRaw(`
		WITH rows AS MATERIALIZED (
			SELECT n, gen_random_uuid() AS record, subjects.id AS subject,
				(ARRAY['qualification', 'qualification', 'performance', 'practitioner', 'award'])[1 + n % 5] AS kind,
				(ARRAY['430102', '430104', '430181', '430203', '430600', '431381', ''])[1 + (n / 5) % 7] AS region,
				(ARRAY['first', 'first', 'first', 'change', 'change', 'corrected'])[1 + (n / 3) % 6] AS occasion,
				(ARRAY['岳麓', '芙蓉', '天心', '开福', '雨花', '望城', '浏阳', '宁乡', '韶山', '湘潭'])[1 + n % 10] ||
					(ARRAY['建设', '市政', '园林', '安装', '装饰', '测绘', '勘察'])[1 + n % 7] || '工程第' || n || '号有限公司' AS name
			FROM generate_series(?0::int, ?1::int - 1) n
			JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS k FROM subjects WHERE name LIKE '示范审核第%') subjects ON subjects.k = n % ?2
		), born AS (
			INSERT INTO records (id, subject, kind, standing, filing, revision, in_force, submitted, title)
			SELECT record, subject, kind, 'none', 'none', 1, 0, 0, name FROM rows
		)
		INSERT INTO review_tasks (id, record, subject, kind, version, stage, opened_at, due_at, subject_type, name, title, region, occasion, key_change, assurance, find)
		SELECT gen_random_uuid(), record, subject, kind, 1, CASE WHEN n % 40 = 7 THEN 'second' ELSE 'first' END, ?3,
			?3::timestamptz + CASE WHEN n % 20 = 3 THEN interval '-1 hour' ELSE interval '30 days' END + n * interval '1 second',
			'organization', name, name, region, occasion, occasion = 'change' AND n % 4 = 0, CASE WHEN n % 3 = 0 THEN 'certificate' ELSE 'password' END,
			(SELECT array_agg(DISTINCT piece) FROM generate_series(1, length(name)) k, LATERAL (VALUES (substr(name, k, 1)), (substr(name, k, 2))) pieces (piece))
		FROM rows`, have, want, filed, time.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("lay filings into the queue: %w", err)
	}
	if _, err := d.owner.ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
		return fmt.Errorf("analyze tables: %w", err)
	}
	return nil
}
