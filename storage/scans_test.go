package storage_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/clamd"
	"unireg/clamd/daemon"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// scanning is a drawer whose policy asks for virus scans.
func scanning(t testing.TB) *drawer {
	t.Helper()
	d := newDrawer(t, storage.FileLimits{})
	d.require(true)
	return d
}

// require has policy ask for scans, or not.
func (d *drawer) require(scans bool) {
	policy := storagetest.Policy()
	policy.ScanRequired = scans
	d.Store = storage.New(d.db.App, storagetest.Keys(), policy)
	d.Files = storage.NewFiles(d.Store, d.objects, storage.FileLimits{})
}

// scanAll scans until nothing waits.
func (d *drawer) scanAll(t testing.TB, scanner storage.Scanner) (scans []storage.Scan) {
	t.Helper()
	for {
		s, err := d.ScanNext(t.Context(), scanner)
		require.NoError(t, err)
		if s == nil {
			return scans
		}
		scans = append(scans, *s)
	}
}

// rested lets every file that rests or is held have its turn at once.
func (d *drawer) rested(t testing.TB) {
	t.Helper()
	_, err := d.db.App.NewRaw("UPDATE files SET scan_until = clock_timestamp() - interval '1 second' WHERE scan_until IS NOT NULL").Exec(t.Context())
	require.NoError(t, err)
}

func (d *drawer) read(t testing.TB, id record.ID) storage.File {
	t.Helper()
	file, err := d.File(t.Context(), d.subject.ID, id)
	require.NoError(t, err)
	return file
}

// reviewed is the drawer's filing, under review, with somebody to decide it.
func (d *drawer) reviewed(t testing.TB, file storage.File) (reviewer record.Actor) {
	t.Helper()
	require.NoError(t, d.submit(t, d.keep(t, file)))
	applied, err := d.Apply(t.Context(), d.draft, nil)
	require.NoError(t, err)
	require.Equal(t, record.UnderReview, applied.State.Filing)
	id, err := d.AddStaff(t.Context(), record.Actor{}, storage.NewStaff{
		Login: "s" + string(storage.NewID()), Name: "周婧", Role: record.Reviewer,
		Identity: sample.ResidentID(930000 + int(codeNumber.Add(1))), Password: "hash", Secret: "secret",
	})
	require.NoError(t, err)
	return record.Actor{Role: record.Reviewer, ID: id}
}

func (d *drawer) approve(t testing.TB, by record.Actor) record.Outcome {
	t.Helper()
	c := record.Command{ID: storage.NewID(), Record: d.draft, Move: record.Approve, Actor: by}
	_, err := d.Accept(t.Context(), c)
	require.NoError(t, err)
	applied, err := d.Apply(t.Context(), d.draft, []record.ID{c.ID})
	require.NoError(t, err)
	require.Len(t, applied.Outcomes, 1)
	return applied.Outcomes[0]
}

// scanWith is a scanner made of a function.
type scanWith func(content []byte) (string, error)

func (s scanWith) Scan(_ context.Context, content io.Reader) (string, error) {
	all, err := io.ReadAll(content)
	if err != nil {
		return "", err //nolint:wrapcheck // the reader's own
	}
	return s(all)
}

var findsNothing = scanWith(func([]byte) (string, error) { return "", nil })

// infected is a PDF with the test file in it.
func infected() []byte { return append(pdf(1000), clamd.TestVirus()...) }

// startDaemon runs a real clamd in a folder, which may have had one before.
func startDaemon(t testing.TB, dir string) (*daemon.Daemon, *clamd.Client) {
	t.Helper()
	d, err := daemon.Start(daemon.Options{Dir: dir, TestOnly: true, Log: io.Discard})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := d.Await(ctx); err != nil {
		_ = d.Stop()
		require.NoError(t, err)
	}
	client, err := clamd.New(d.Address)
	require.NoError(t, err)
	return d, client
}

func TestU5InfectedFileIsRefusedAndKeptFromEverybody(t *testing.T) {
	d := scanning(t)
	ctx := t.Context()
	clam, scanner := startDaemon(t, t.TempDir())
	defer func() { require.NoError(t, clam.Stop()) }()
	bad, good := d.put(t, "带毒.pdf", infected()), d.put(t, "执照.pdf", pdf(1000))
	require.Equal(t, storage.FileScanning, bad.State)
	require.Equal(t, []storage.Scan{
		{File: bad.ID, Subject: d.subject.ID, Found: "Eicar-Test-Signature.UNOFFICIAL"}, {File: good.ID, Subject: d.subject.ID},
	}, d.scanAll(t, scanner))

	good, bad = d.read(t, good.ID), d.read(t, bad.ID)
	require.Equal(t, storage.FileAvailable, good.State)
	require.True(t, good.Scanned)
	require.Equal(t, pdf(1000), d.content(t, good))
	require.Equal(t, storage.FileRefused, bad.State)
	require.Equal(t, "Eicar-Test-Signature.UNOFFICIAL", bad.Virus)
	_, err := d.Open(ctx, bad, 0, -1)
	require.Equal(t, record.NotFound, record.CodeOf(err))

	lookup, err := d.FileLookup(ctx, d.subject.ID, d.draft)
	require.NoError(t, err)
	_, kept := lookup(string(bad.ID))
	require.True(t, kept, "the draft still names it: the person sees what became of it")
	err = d.submit(t, d.keep(t, bad))
	require.Equal(t, record.Invalid, record.CodeOf(err))
	require.ErrorContains(t, err, "附件「带毒.pdf」未通过病毒扫描，请删除后重新上传")

	events, err := d.Events(ctx, d.draft)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, storage.EventFileRefused, events[0].Type)
	messages, err := d.Notifications(ctx, d.subject.ID, "", 10)
	require.NoError(t, err)
	require.Len(t, messages, 1)
	require.Equal(t, storage.TopicFileRefused, messages[0].Topic)
	require.Equal(t, d.draft, messages[0].Record)
	found, err := d.Store.Verify(ctx)
	require.NoError(t, err)
	require.Empty(t, found)
	d.agree(t)
	require.NoError(t, d.Delete(ctx, d.subject.ID, bad.ID), "the uploader takes it out")
	require.NoError(t, d.submit(t, d.keep(t, good)))
}

func TestU5WithoutTheScannerFilesWaitAndCatchUp(t *testing.T) {
	d := scanning(t)
	ctx, dir := t.Context(), t.TempDir()
	clam, scanner := startDaemon(t, dir)
	require.NoError(t, clam.Stop())

	file := d.put(t, "执照.pdf", pdf(1000))
	_, err := d.ScanNext(ctx, scanner)
	require.ErrorContains(t, err, "reach clamd")
	reviewer := d.reviewed(t, file)
	require.Equal(t, storage.FileScanning, d.read(t, file.ID).State, "待扫描, never clean")
	outcome := d.approve(t, reviewer)
	require.False(t, outcome.Applied)
	require.Equal(t, record.RefusedUnscanned, outcome.Refusal)
	_, err = d.FileForStaff(ctx, file.ID)
	require.Equal(t, record.Conflict, record.CodeOf(err), "staff open nothing that nobody has scanned")

	resting, err := d.ScanNext(ctx, findsNothing)
	require.NoError(t, err)
	require.Nil(t, resting, "what failed a moment ago takes nobody's place")

	clam, scanner = startDaemon(t, dir)
	defer func() { require.NoError(t, clam.Stop()) }()
	d.rested(t)
	require.Len(t, d.scanAll(t, scanner), 1)
	require.True(t, d.read(t, file.ID).Scanned)
	_, err = d.FileForStaff(ctx, file.ID)
	require.NoError(t, err)
	require.True(t, d.approve(t, reviewer).Applied)
}

func TestU5FilingWithAnInfectedFileIsNotApproved(t *testing.T) {
	for name, scans := range map[string]bool{"where scans are required": true, "also after policy went back": false} {
		t.Run(name, func(t *testing.T) {
			d := scanning(t)
			reviewer := d.reviewed(t, d.put(t, "带毒.pdf", pdf(1000)))
			require.Len(t, d.scanAll(t, scanWith(func([]byte) (string, error) { return "Pdf.Exploit-1", nil })), 1)
			d.require(scans)
			outcome := d.approve(t, reviewer)
			require.Equal(t, record.RefusedInfected, outcome.Refusal)
			require.Contains(t, outcome.Refusal.Explain(), "病毒")
			messages, err := d.Notifications(t.Context(), d.subject.ID, "", 10)
			require.NoError(t, err)
			require.Equal(t, storage.TopicFileRefused, messages[0].Topic)
			d.agree(t)
		})
	}
	t.Run("nor filed, when it is found between accept and apply", func(t *testing.T) {
		d := scanning(t)
		require.NoError(t, d.submit(t, d.keep(t, d.put(t, "带毒.pdf", pdf(1000)))))
		require.Len(t, d.scanAll(t, scanWith(func([]byte) (string, error) { return "Pdf.Exploit-1", nil })), 1)
		_, err := d.Apply(t.Context(), d.draft, nil)
		require.NoError(t, err)
		events, err := d.Events(t.Context(), d.draft)
		require.NoError(t, err)
		require.Equal(t, record.RefusedInfected, events[len(events)-1].Refusal)
		draft, err := d.Draft(t.Context(), d.subject.ID, d.draft)
		require.NoError(t, err)
		require.False(t, draft.Locked, "the content is a draft again")
	})
}

// A kind that nobody reviews takes effect at once: nothing unscanned may.
func TestU5WhatNobodyReviewsWaitsForItsScan(t *testing.T) {
	d := scanning(t)
	policy := storagetest.Policy()
	policy.ScanRequired = true
	policy.Review = map[record.Kind]record.ReviewMode{record.OrganizationProfile: record.ReviewAutomatic}
	d.Store = storage.New(d.db.App, storagetest.Keys(), policy)
	draft := d.keep(t, d.put(t, "执照.pdf", pdf(100)))
	err := d.submit(t, draft)
	require.Equal(t, record.Conflict, record.CodeOf(err))
	require.ErrorContains(t, err, "正在进行病毒扫描")
	d.scanAll(t, findsNothing)
	require.NoError(t, d.submit(t, draft))
	applied, err := d.Apply(t.Context(), d.draft, nil)
	require.NoError(t, err)
	require.Equal(t, record.InForce, applied.State.Standing)
}

func TestU5WhatWasTakenInWithoutScansIsScannedLater(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	early := d.put(t, "早.pdf", pdf(100))
	require.Equal(t, storage.FileAvailable, early.State)
	d.require(true)
	late := d.put(t, "晚.pdf", pdf(100))
	var order []record.ID
	for _, s := range d.scanAll(t, findsNothing) {
		order = append(order, s.File)
	}
	require.Equal(t, []record.ID{late.ID, early.ID}, order, "who waits for it comes first")
	require.True(t, d.read(t, early.ID).Scanned)
}

func TestU5SeveralWorkersScanNoFileTwice(t *testing.T) {
	d := scanning(t)
	const files, workers = 24, 4
	for range files {
		d.put(t, "执照.pdf", pdf(100))
	}
	var mutex sync.Mutex
	scanned := map[record.ID]int{}
	var race sync.WaitGroup
	for range workers {
		race.Go(func() {
			for {
				s, err := d.ScanNext(t.Context(), findsNothing)
				require.NoError(t, err)
				if s == nil {
					return
				}
				mutex.Lock()
				scanned[s.File]++
				mutex.Unlock()
			}
		})
	}
	race.Wait()
	require.Len(t, scanned, files)
	for id, n := range scanned {
		require.Equal(t, 1, n, "%s", id)
	}
}

// A worker that dies in the middle leaves its file to the others.
func TestU5WorkerThatDiesLeavesItsFile(t *testing.T) {
	d := scanning(t)
	ctx := t.Context()
	file := d.put(t, "执照.pdf", infected())
	var other, taken *storage.Scan
	stuck := scanWith(func([]byte) (string, error) {
		held, err := d.ScanNext(ctx, findsNothing)
		require.NoError(t, err)
		require.Nil(t, held, "while one scans it, nobody else does")
		d.rested(t) // as if its time were over
		taken, err = d.ScanNext(ctx, scanWith(func([]byte) (string, error) { return "Eicar", nil }))
		require.NoError(t, err)
		return "", nil // it wakes up late, and says otherwise
	})
	other, err := d.ScanNext(ctx, stuck)
	require.NoError(t, err)
	require.NotNil(t, taken)
	require.NotNil(t, other)
	require.Equal(t, storage.FileRefused, d.read(t, file.ID).State, "the first word stays")
	messages, err := d.Notifications(ctx, d.subject.ID, "", 10)
	require.NoError(t, err)
	require.Len(t, messages, 1)
}

func TestU5CleanMeansTheVeryBytesThatWereTakenIn(t *testing.T) {
	d := scanning(t)
	ctx := t.Context()
	file := d.put(t, "执照.pdf", pdf(1000))
	for object, err := range d.objects.List(ctx, "") {
		require.NoError(t, err)
		_, err := d.objects.Put(ctx, object.Key, bytes.NewReader(pdf(900)), mebibyte, "application/pdf")
		require.NoError(t, err)
	}
	_, err := d.ScanNext(ctx, findsNothing)
	require.ErrorContains(t, err, "SHA-256 differs")
	require.Equal(t, storage.FileScanning, d.read(t, file.ID).State)

	d.rested(t)
	for object, err := range d.objects.List(ctx, "") {
		require.NoError(t, err)
		require.NoError(t, d.objects.Remove(ctx, object.Key))
	}
	_, err = d.ScanNext(ctx, findsNothing)
	require.ErrorIs(t, err, storage.ErrNoObject)
	d.rested(t)
	_, err = d.ScanNext(ctx, scanWith(func([]byte) (string, error) { return "", errors.New("never asked") }))
	require.ErrorIs(t, err, storage.ErrNoObject)
	require.Equal(t, storage.FileScanning, d.read(t, file.ID).State)
}
