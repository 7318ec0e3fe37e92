package web

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/checkpoint"
	"unireg/record"
	"unireg/storage"
)

// checkpoints are those of the portal's store, under a key of the tests.
func (p *portal) checkpoints() (*storage.Checkpoints, *checkpoint.Trust) {
	p.t.Helper()
	signer, err := checkpoint.NewSigner(bytes.Repeat([]byte{8}, checkpoint.SeedSize))
	require.NoError(p.t, err)
	trust, err := checkpoint.NewTrust(signer.Public())
	require.NoError(p.t, err)
	return storage.NewCheckpoints(p.Store, p.Objects, signer, trust), trust
}

// takeCheckpoint takes one of the whole history.
func (p *portal) takeCheckpoint() storage.TakenCheckpoint {
	p.t.Helper()
	checkpoints, _ := p.checkpoints()
	taken, err := checkpoints.Take(p.t.Context())
	require.NoError(p.t, err)
	return taken
}

func TestN04_SupervisorsSeeCheckpointsAndTakeThemAlong(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	taken := p.takeCheckpoint()
	require.Contains(t, boss.get("/staff/log").Body, `href="/staff/checkpoints"`)
	require.NotContains(t, reviewer.get("/staff/log").Body, `href="/staff/checkpoints"`)
	require.NotEqual(t, http.StatusOK, reviewer.get("/staff/checkpoints").Status)

	page := boss.get("/staff/checkpoints")
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), taken.Key)
	path := "/staff/checkpoints/" + strconv.FormatInt(taken.No, 10)
	require.Contains(t, page.Body, `href="`+path+`"`)
	text := boss.get(path)
	require.Equal(t, taken.Note, text.Body)
	require.Contains(t, text.Header.Get("Content-Disposition"), "attachment")
	require.NotEqual(t, http.StatusOK, reviewer.get(path).Status)
	for _, wrong := range []string{"0", "999999999", "x", "-1", "99999999999999999999"} {
		require.Equal(t, http.StatusNotFound, boss.get("/staff/checkpoints/"+wrong).Status, wrong)
	}
	checkpoints, _ := p.checkpoints()
	_, err := checkpoints.Prove(t.Context())
	require.NoError(t, err)
	require.Contains(t, boss.get("/staff/checkpoints").text(), "全部一致")
}

func TestN04_W17_ABidderTakesTheProofOfItsOwnHistoryAlong(t *testing.T) {
	p := newPortal(t, nil)
	filed := p.bidder()
	require.Equal(t, filed.path(""), filed.file().location())
	require.Equal(t, http.StatusNotFound, filed.get("/history/proof").Status, "before a checkpoint covers it")
	require.NotContains(t, filed.get("/history").Body, "/history/proof")
	p.takeCheckpoint()
	require.Contains(t, filed.get("/history").Body, `href="/history/proof"`)
	answer := filed.get("/history/proof")
	require.Equal(t, http.StatusOK, answer.Status)
	proof, err := checkpoint.ParseProof(answer.Body)
	require.NoError(t, err)
	require.Equal(t, string(filed.who.subject.ID), proof.Head.Chain)
	_, trust := p.checkpoints()
	_, _, err = proof.Verify(trust)
	require.NoError(t, err)
	require.NotEqual(t, http.StatusOK, p.browser().get("/history/proof").Status)
}
