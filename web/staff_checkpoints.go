package web

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"unireg/storage"
	"unireg/web/view"
)

// checkpointsShown is the number of checkpoints of the page: two days of them.
const checkpointsShown = 48

// showCheckpoints is 历史存证: the last checkpoints, and when the history was last
// compared with them.
func showCheckpoints(s *Server, v *visit) error {
	taken, proof, err := s.Store.LatestCheckpoints(v.ctx, checkpointsShown)
	if err != nil {
		return err
	}
	var m view.CheckpointsModel
	if proof != nil {
		m.ProvedAt, m.ProvedNo, m.Faults = proof.At, proof.No, proof.Faults
	}
	for _, c := range taken {
		m.Rows = append(m.Rows, view.CheckpointRow{
			No: c.No, At: c.At, Chains: c.Size, Root: hex.EncodeToString(c.Root), Key: c.Key,
			Href: "/staff/checkpoints/" + strconv.FormatInt(c.No, 10),
		})
	}
	return v.render(http.StatusOK, view.CheckpointsPage(v.page("历史存证"), m))
}

// sendCheckpoint sends the signed text of one, to be kept elsewhere.
func sendCheckpoint(s *Server, v *visit) error {
	no, err := strconv.ParseInt(v.Params("no"), 10, 64)
	if err != nil {
		return errNoPage
	}
	taken, err := s.Store.Checkpoint(v.ctx, no)
	if err != nil {
		return err
	}
	return v.sendText(fmt.Sprintf("checkpoint-%d.txt", no), taken.Note)
}

// sendProof sends a subject the proof that its history is covered by the last
// checkpoint.
func sendProof(s *Server, v *visit) error {
	proof, err := s.Store.HistoryProofOf(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	return v.sendText(fmt.Sprintf("history-proof-%d.txt", proof.No), proof.Text)
}

// sendText sends a text to be saved.
func (v *visit) sendText(name, text string) error {
	v.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(name, false))
	return v.SendString(text)
}
