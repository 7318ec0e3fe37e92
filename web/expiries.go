package web

import (
	"fmt"
	"net/http"
	"time"

	"unireg/storage"
	"unireg/web/view"
)

// expiresSoon is how many days ahead pages look for what expires.
const expiresSoon = 90

// showExpiries lists what of the subject's expires soon, or has expired.
func showExpiries(s *Server, v *visit) error {
	all, err := s.Store.ExpiringOf(v.ctx, v.subject.ID, expiresSoon)
	if err != nil {
		return err
	}
	m := view.ExpiriesModel{Within: expiresSoon}
	for _, e := range all {
		m.Lines = append(m.Lines, expiryLine(e, today()))
	}
	p, err := v.portal("到期提醒")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.ExpiriesPage(p, m))
}

func expiryLine(e storage.Expiring, today time.Time) view.ExpiryLine {
	line := view.ExpiryLine{Kind: e.Kind.Label(), Title: e.Title, Label: e.Label, Href: "/records/" + string(e.Record), On: e.On}
	if e.Record == "" {
		line.Kind, line.Title, line.Label, line.Href = "数字证书", "CA 证书", "签名证书", "/certificates/"+string(e.Certificate)
	}
	civil := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	switch days := int(e.On.Sub(civil).Hours() / 24); {
	case days < 0:
		line.State = view.Tag{Text: "已过期", Tone: view.Bad}
	case days == 0:
		line.State = view.Tag{Text: "今天到期", Tone: view.Bad}
	case days <= urgentDays:
		line.State = view.Tag{Text: fmt.Sprintf("还有 %d 天", days), Tone: view.Warn}
	default:
		line.State = view.Tag{Text: fmt.Sprintf("还有 %d 天", days)}
	}
	return line
}

// urgentDays is from when on an expiry is shown as urgent.
const urgentDays = 30
