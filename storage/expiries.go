package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// TopicExpiring is the message that something expires. Its data are count, how
// many things, and days, within how many they do; 0 is today or earlier.
const TopicExpiring = "expiring"

// ExpiryNotices are the days before the last one on which a subject is told.
var ExpiryNotices = []int{90, 60, 30, 7, 0}

// Expiring is something of a subject that expires, or has expired.
type Expiring struct {
	Record      record.ID // "" for a CA certificate
	Certificate record.ID // "" for what a record holds
	Kind        record.Kind
	Title       string // of the record
	Label       string // what expires
	On          time.Time
}

type expiryRow struct {
	bun.BaseModel `bun:"table:expiries,alias:x"`

	Record    record.ID `bun:"record,pk"`
	Name      string    `bun:"name,pk"`
	Subject   record.ID `bun:"subject"`
	Label     string    `bun:"label"`
	ExpiresOn time.Time `bun:"expires_on,type:date"`
	Noted     *int      `bun:"noted"`
}

// keepExpiries writes down until when what is in force counts, in the
// transaction that put it in force or took it out. What expires on the same day
// as before is not told of anew.
func (s *Store) keepExpiries(ctx context.Context, tx bun.Tx, current *filed, move record.Move, before record.Standing) error {
	switch move {
	case record.Void, record.Release, record.Restore, record.Submit, record.Approve, record.Confirm:
	default:
		return nil
	}
	if current.Standing != record.InForce && before != record.InForce {
		return nil // there are none
	}
	if current.Standing == record.InForce && current.Filing != record.NothingFiled {
		return nil // what is in force stays as it is
	}
	rows, err := s.expiriesOf(ctx, tx, &current.recordRow)
	if err != nil {
		return err
	}
	return writeExpiries(ctx, tx, current.ID, rows)
}

// expiriesOf is what of the version in force expires; of a record that is not in
// force nothing does.
func (s *Store) expiriesOf(ctx context.Context, tx bun.Tx, r *recordRow) ([]expiryRow, error) {
	if r.Standing != record.InForce {
		return nil, nil
	}
	version, err := s.version(ctx, tx, r.ID, r.InForce)
	if err != nil {
		return nil, err
	}
	document, ok := version.Document.(record.Expiring)
	if !ok {
		return nil, nil
	}
	var rows []expiryRow
	for _, e := range document.Expiries() {
		if on, ok := e.On.Time(); ok {
			rows = append(rows, expiryRow{Record: r.ID, Name: e.Name, Subject: r.Subject, Label: e.Label, ExpiresOn: on})
		}
	}
	return rows, nil
}

// writeExpiries makes the rows those of the record.
func writeExpiries(ctx context.Context, tx bun.Tx, id record.ID, rows []expiryRow) error {
	names := []string{""}
	for i := range rows {
		names = append(names, rows[i].Name)
	}
	_, err := tx.NewDelete().Model((*expiryRow)(nil)).Where("record = ?", id).Where("name NOT IN (?)", bun.List(names)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop expiries: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	_, err = tx.NewInsert().Model(&rows).On("CONFLICT (record, name) DO UPDATE").Set("label = EXCLUDED.label").
		Set("noted = CASE WHEN x.expires_on = EXCLUDED.expires_on THEN x.noted END").
		Set("subject = EXCLUDED.subject").Set("expires_on = EXCLUDED.expires_on").
		Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write expiries: %w", err)
	}
	return nil
}

// expirySubjects is how many subjects one transaction of a sweep tells.
const expirySubjects = 200

// todaySQL is the civil date in China by the database's clock.
const todaySQL = "(clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date"

// SweepExpiries tells subjects of what expires, once for each of the notices
// that has come: what was missed is caught up with the nearest. The annual
// confirmation is told of alike. It returns how many messages were left.
func (s *Store) SweepExpiries(ctx context.Context) (int, error) {
	told := 0
	for {
		n, err := s.tellExpiries(ctx)
		told += n
		if err != nil {
			return told, err
		}
		if n == 0 {
			break
		}
	}
	n, err := s.sweepConfirmations(ctx)
	return told + n, err
}

// tellExpiries is one transaction of the sweep.
func (s *Store) tellExpiries(ctx context.Context) (int, error) {
	told := 0
	err := s.inTx(ctx, "tell of expiries", func(ctx context.Context, tx bun.Tx) error {
		var due []struct {
			Subject record.ID `bun:"subject"`
			Days    int       `bun:"days"`
			Count   int       `bun:"count"`
			Today   string    `bun:"today"`
		}
		err := tx.NewRaw(`
			WITH candidates AS (
				SELECT subject, record AS id, name, expires_on, noted, false AS certificate FROM expiries
				WHERE expires_on <= ?0 + ?1 AND (noted IS NULL OR noted > 0)
				UNION ALL
				SELECT subject, id, '', (not_after AT TIME ZONE 'Asia/Shanghai')::date, noted, true FROM certificates
				WHERE revoked_at IS NULL AND unbound_at IS NULL AND use = 'signing' AND (noted IS NULL OR noted > 0)
				  AND not_after < (?0 + ?1 + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
			), reached AS (
				SELECT c.*, (SELECT min(t) FROM unnest(?2::int[]) t WHERE c.expires_on - ?0 <= t) AS days FROM candidates c
			), due AS (
				SELECT * FROM reached WHERE noted IS NULL OR noted > days
			), chosen AS (
				SELECT DISTINCT subject FROM due LIMIT ?3
			), records AS (
				UPDATE expiries x SET noted = d.days FROM due d, chosen c
				WHERE d.subject = c.subject AND NOT d.certificate AND x.record = d.id AND x.name = d.name RETURNING x.subject, d.days
			), keys AS (
				UPDATE certificates k SET noted = d.days FROM due d, chosen c
				WHERE d.subject = c.subject AND d.certificate AND k.id = d.id RETURNING k.subject, d.days
			)
			SELECT subject, days, count(*) AS count, ?0::text AS today FROM (SELECT * FROM records UNION ALL SELECT * FROM keys) told
			GROUP BY subject, days ORDER BY subject, days DESC`,
			bun.Safe(todaySQL), ExpiryNotices[0], bun.Safe(sqlArray(ExpiryNotices)), expirySubjects).Scan(ctx, &due)
		if err != nil {
			return fmt.Errorf("find what expires: %w", err)
		}
		for _, d := range due {
			days := strconv.Itoa(d.Days)
			err := s.Notify(ctx, tx, Notification{
				Subject: d.Subject, Topic: TopicExpiring, Data: map[string]string{"count": strconv.Itoa(d.Count), "days": days},
				Dedup: fmt.Sprintf("%s/%s/%s/%s", TopicExpiring, d.Subject, d.Today, days),
			})
			if err != nil {
				return err
			}
		}
		told = len(due)
		return nil
	})
	return told, err
}

// sqlArray writes numbers as an array of SQL.
func sqlArray(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return "ARRAY[" + strings.Join(texts, ",") + "]"
}

// maxExpiring bounds what one page lists.
const maxExpiring = 500

// ExpiringOf lists what of the subject's expires within so many days, and what
// has expired and still stands as in force, the earliest first.
func (s *Store) ExpiringOf(ctx context.Context, subject record.ID, within int) ([]Expiring, error) {
	var rows []struct {
		Record      record.ID   `bun:"record"`
		Certificate record.ID   `bun:"certificate"`
		Kind        record.Kind `bun:"kind"`
		Title       string      `bun:"title"`
		Label       string      `bun:"label"`
		On          time.Time   `bun:"expires_on"`
	}
	err := s.db.NewRaw(`
		SELECT x.record::text AS record, '' AS certificate, r.kind, r.title, x.label, x.expires_on
		FROM expiries x JOIN records r ON r.id = x.record WHERE x.subject = ?0 AND x.expires_on <= ?1 + ?2
		UNION ALL
		SELECT '', id::text, '', '', '', (not_after AT TIME ZONE 'Asia/Shanghai')::date FROM certificates
		WHERE subject = ?0 AND revoked_at IS NULL AND unbound_at IS NULL AND use = 'signing'
		  AND not_after < (?1 + ?2 + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
		ORDER BY 6, 4, 5 LIMIT ?3`, subject, bun.Safe(todaySQL), within, maxExpiring).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list what expires: %w", err)
	}
	all := make([]Expiring, 0, len(rows))
	for _, r := range rows {
		all = append(all, Expiring(r))
	}
	return all, nil
}
