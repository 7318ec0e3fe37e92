package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"unireg/partner"
	contract "unireg/partner/wire"
	"unireg/record"
	"unireg/storage"
)

const (
	// recordsTold and changesTold bound an answer where the question does not, and
	// mostTold where it does.
	recordsTold = 200
	changesTold = 100
	mostTold    = 500
	// clocksApart is how far the clock of another system may run before ours.
	clocksApart = 2 * time.Second
)

// askedOrganization is the open organization of the code in the path. A person has
// no code here: a number of an identity document is as unknown as any other.
func (s *Server) askedOrganization(v *visit) (code string, subject record.ID, err error) {
	code = strings.Clone(v.Params("code"))
	unknown := &fault{http.StatusNotFound, "unknown_subject", "没有以该统一社会信用代码注册的单位"}
	if record.CreditCodeProblem(code) != "" {
		return "", "", unknown
	}
	subject, err = s.Store.OrganizationOf(v.ctx, code)
	if record.CodeOf(err) == record.NotFound {
		return "", "", unknown
	}
	return code, subject, err
}

// tellEligibility says whether an organization may bid, on paper and
// electronically, and why: now, or at an instant that has passed.
func (s *Server) tellEligibility(v *visit) error {
	at, err := askedInstant(v.Query("at"), time.Now())
	if err != nil {
		return err
	}
	code, subject, err := s.askedOrganization(v)
	if err != nil {
		return err
	}
	facts, at, err := s.Store.EligibilityFacts(v.ctx, subject, at)
	if err != nil {
		return err
	}
	return v.json(http.StatusOK, eligibilityTold(code, at, facts))
}

// toldConfirmation is the annual confirmation as other systems are told of it; nil
// where none is asked for.
func toldConfirmation(c record.Confirmation) *contract.Confirmation {
	if c.Due.IsZero() {
		return nil
	}
	return &contract.Confirmation{Due: c.Due.In(record.Shanghai).Format(time.DateOnly), Overdue: c.Overdue, Stops: c.Stops}
}

// askedInstant reads the instant of a question; zero for now.
func askedInstant(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return at, &fault{http.StatusBadRequest, "at", "at 须为 RFC 3339 格式的时刻，例如 2026-03-05T09:30:00+08:00（+ 在网址中写作 %2B）"}
	case at.After(now.Add(clocksApart)):
		return at, &fault{http.StatusBadRequest, "at_future", "at 不能晚于现在"}
	}
	return at, nil
}

// askedLimit reads how many a question wants at most.
func askedLimit(text string, usual int) (int, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostTold {
		return 0, &fault{http.StatusBadRequest, "limit", fmt.Sprintf("limit 须为 1 至 %d 的整数", mostTold)}
	}
	return n, nil
}

// tellSubject says what is in force of an organization, as far as everybody may
// know it.
func (s *Server) tellSubject(v *visit) error {
	limit, err := askedLimit(v.Query("limit"), recordsTold)
	if err != nil {
		return err
	}
	after := strings.Clone(v.Query("after"))
	if after != "" && !storage.ValidID(after) {
		return &fault{http.StatusBadRequest, "after", "after 须为上一页最后一条记录的 id"}
	}
	_, subject, err := s.askedOrganization(v)
	if err != nil {
		return err
	}
	holdings, err := s.Store.Holdings(v.ctx, subject, record.ID(strings.ToLower(after)), limit)
	if record.CodeOf(err) == record.NotFound {
		return &fault{http.StatusNotFound, "not_in_force", messageOf(err)}
	}
	if err != nil {
		return err
	}
	told, err := toldSubject(holdings, time.Now())
	if err != nil {
		return err
	}
	body, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	v.Set(fiber.HeaderETag, tag)
	if matches(v.Get(fiber.HeaderIfNoneMatch), tag) {
		return v.SendStatus(http.StatusNotModified)
	}
	v.Type("json")
	return v.Send(body)
}

// matches reports whether one of the tags that a question names is the answer's.
func matches(asked, tag string) bool {
	for one := range strings.SplitSeq(asked, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// tellChanges hands out a stretch of the feed.
func (s *Server) tellChanges(v *visit) error {
	limit, err := askedLimit(v.Query("limit"), changesTold)
	if err != nil {
		return err
	}
	page, err := s.Store.Changes(v.ctx, strings.Clone(v.Query("after")), limit)
	if record.CodeOf(err) == record.Invalid {
		return &fault{http.StatusBadRequest, "cursor", messageOf(err)}
	}
	if err != nil {
		return err
	}
	told := contract.Changes{Changes: []contract.EffectiveChange{}, Next: page.Next, More: page.More}
	for _, c := range page.Changes {
		one, err := partner.WireChange(c)
		if err != nil {
			return err
		}
		told.Changes = append(told.Changes, one)
	}
	return v.json(http.StatusOK, told)
}

// toldSubject is an organization as other systems are told of it.
func toldSubject(d storage.Holdings, now time.Time) (contract.Subject, error) {
	profile, ok := d.Profile.Document.(*record.OrganizationDocument)
	if !ok {
		return contract.Subject{}, fmt.Errorf("the profile is a %T", d.Profile.Document)
	}
	told := contract.Subject{
		Code: d.Code, Name: profile.LegalName, Status: contract.SubjectInForce, BodyType: term(profile.BodyType), Roles: terms(profile.Roles),
		Region: term(profile.Region), LicenceExpiresOn: day(profile.LicenceExpires), Version: d.Profile.Version, Since: d.First,
		VersionSince: d.Profile.Since, Records: []contract.Record{}, More: d.More,
	}
	for _, r := range d.Records {
		one, err := toldRecord(r, now)
		if err != nil {
			return contract.Subject{}, err
		}
		told.Records = append(told.Records, one)
	}
	return told, nil
}

func toldRecord(r storage.RecordInForce, now time.Time) (contract.Record, error) {
	id, err := uuid.Parse(string(r.ID))
	if err != nil {
		return contract.Record{}, fmt.Errorf("the id of a record: %w", err)
	}
	told := contract.Record{
		Id: id, Kind: contract.RecordKind(r.Kind), State: contract.RecordInForce, Version: r.Version, Since: r.Since,
	}
	if r.Standing == record.Voided {
		told.State = contract.RecordVoided
		return told, nil
	}
	switch d := r.Document.(type) {
	case *record.QualificationDocument:
		told.Qualification = toldQualification(d)
		if !d.LongTerm && record.Expired(d.ExpiresOn, now) {
			told.State = contract.RecordExpired
		}
	case *record.PerformanceDocument:
		told.Performance = toldPerformance(d)
	case *record.PractitionerDocument:
		told.Practitioner = toldPractitioner(d)
	case *record.AwardDocument:
		told.Award = toldAward(d)
	default:
		return contract.Record{}, fmt.Errorf("no field of a %T is told", d)
	}
	return told, nil
}
