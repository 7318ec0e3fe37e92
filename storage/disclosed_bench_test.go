package storage_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// crowd writes n public units with a qualification each, straight into the tables:
// names of four characters drawn from sixty, spread over the counties of a province.
const crowd = `
	CREATE FUNCTION pg_temp.grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
		SELECT array_agg(DISTINCT substr(words, i, n)) FROM generate_series(1, length(words)) i, generate_series(1, 2) n
		WHERE i + n - 1 <= length(words) AND strpos(substr(words, i, n), chr(10)) = 0 $$;
	CREATE TEMP TABLE crowd AS SELECT n, gen_random_uuid() AS subject, gen_random_uuid() AS profile, gen_random_uuid() AS record,
		'9143' || lpad(n::text, 14, '0') AS code,
		(SELECT string_agg(substr('湘江麓山岳云橘洲洞庭沅澧资水衡阳邵郴永怀张家界娄底株潭益常德吉首浏宁望长沙天心雨花开福芙蓉建工路桥市政园林水利电力', 1 + ((n::bigint * k * 7919 + k * 104729) % 60)::integer, 1), '')
		 FROM generate_series(1, 4) k) || '建设工程有限公司' AS name,
		(ARRAY['4301', '4302', '4303', '4304', '4305', '4306', '4307', '4308', '4309'])[1 + n % 9] || lpad((n % 12 + 1)::text, 2, '0') AS region,
		clock_timestamp() - n * interval '1 minute' AS at
		FROM generate_series(1, ?0) n;
	INSERT INTO subjects (id, type, code, code_index, code_sealed, name) SELECT subject, 'organization', code, decode(md5(code), 'hex'), '', name FROM crowd;
	INSERT INTO records (id, subject, kind, standing, filing, revision, in_force, title)
		SELECT profile, subject, 'organization', 'in_force', 'none', 1, 1, name FROM crowd
		UNION ALL SELECT record, subject, 'qualification', 'in_force', 'none', 1, 1, '建筑业 D' || n FROM crowd;
	INSERT INTO disclosures (record, subject, kind, standing, version, edition, since, changed_at, title, cells, content, words, find, tags, code, name, region, roles, unit_words, unit_find)
		SELECT profile, subject, 'organization', 'in_force', 1, 1, at, at, name, ARRAY[code, region, '投标人'], '{}', '', '{}', '{}', code, name, region,
			CASE WHEN n % 3 = 0 THEN '{supplier}'::text[] ELSE '{bidder}' END, name || chr(10) || lower(code), pg_temp.grams(name || chr(10) || lower(code)) FROM crowd;
	INSERT INTO disclosures (record, subject, kind, standing, version, edition, since, changed_at, title, cells, content, words, find, tags, code, name, region, roles, unit_words, unit_find)
		SELECT c.record, c.subject, 'qualification', CASE WHEN n % 20 = 0 THEN 'voided' ELSE 'in_force' END, 1, 1, c.at, c.at, '建筑业 D' || n, ARRAY['建筑工程壹级', '住建厅', '2029-02-28'], '{}',
			'建筑业 d' || n, pg_temp.grams('建筑业 d' || n), ARRAY['04', '04/' || n % 5, '1040A0', '1040A0' || n % 40, '1040A0' || n % 40 || '/' || n % 5],
			p.code, p.name, p.region, p.roles, p.unit_words, p.unit_find
		FROM crowd c JOIN disclosures p ON p.record = c.profile;
	DROP TABLE crowd;
	ANALYZE disclosures;`

// BenchmarkB12_SearchAmongManyUnits measures what one page of the public search asks
// of the database, with 100,000 units: the lines and the counts of all kinds.
func BenchmarkB12_SearchAmongManyUnits(b *testing.B) {
	const units = 100_000
	database := storagetest.Fresh(b)
	store := database.Store()
	tx, err := database.Owner.Begin()
	require.NoError(b, err)
	_, err = tx.NewRaw(crowd, units).Exec(b.Context())
	require.NoError(b, err)
	require.NoError(b, tx.Commit())
	var some []string
	require.NoError(b, database.Owner.NewRaw("SELECT left(name, 4) FROM disclosures WHERE kind = 'organization' ORDER BY record LIMIT 50").Scan(b.Context(), &some))
	for name, query := range map[string]func(n int) storage.DisclosureQuery{
		"everything": func(int) storage.DisclosureQuery { return storage.DisclosureQuery{} },
		"name":       func(n int) storage.DisclosureQuery { return storage.DisclosureQuery{Text: some[n%len(some)]} },
		"part": func(n int) storage.DisclosureQuery {
			return storage.DisclosureQuery{Text: string([]rune(some[n%len(some)])[1:3])}
		},
		"common part": func(int) storage.DisclosureQuery { return storage.DisclosureQuery{Text: "有限公司"} },
		"nothing":     func(int) storage.DisclosureQuery { return storage.DisclosureQuery{Text: "查无此文"} },
		"region": func(n int) storage.DisclosureQuery {
			return storage.DisclosureQuery{Region: fmt.Sprintf("430%d", 1+n%9)}
		},
		"role, region": func(n int) storage.DisclosureQuery { return storage.DisclosureQuery{Role: "supplier", Region: "4303"} },
		"major, grade": func(n int) storage.DisclosureQuery {
			return storage.DisclosureQuery{Class: fmt.Sprintf("1040A0%d", n%40), Grade: fmt.Sprint(n % 5)}
		},
		"class":        func(int) storage.DisclosureQuery { return storage.DisclosureQuery{Class: "04"} },
		"voided":       func(int) storage.DisclosureQuery { return storage.DisclosureQuery{State: storage.DisclosedVoid} },
		"name, region": func(n int) storage.DisclosureQuery { return storage.DisclosureQuery{Text: "湘江", Region: "43"} },
	} {
		for _, kind := range []record.Kind{record.OrganizationProfile, record.Qualification} {
			b.Run(name+" of "+string(kind), func(b *testing.B) {
				var took []time.Duration
				for n := 0; b.Loop(); n++ {
					q := query(n)
					q.Kind, q.Limit = kind, 20
					began := time.Now()
					_, err := store.Disclosed(b.Context(), q)
					require.NoError(b, err)
					_, err = store.DisclosedCounts(b.Context(), q)
					require.NoError(b, err)
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			})
		}
	}
}
