package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// at is the address of an instant as the links to changes write it.
func at(path string, instant time.Time) string {
	return withQuery(path, url.Values{"time": {instant.In(record.Shanghai).Format(exactly)}})
}

// step is where the page leads to the change before or after.
func (a *answer) step(rel string) string {
	match := regexp.MustCompile(`<a[^>]*href="([^"]*/at\?time=[^"]*)"[^>]*rel="` + rel + `"`).FindStringSubmatch(a.Body)
	if match == nil {
		return ""
	}
	return html.UnescapeString(match[1])
}

func TestN05_StaffSeeASubjectAsItStood(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	registered := b.who.subject.Name
	empty, err := p.Store.SubjectAt(t.Context(), b.who.subject.ID, time.Time{})
	require.NoError(t, err)
	require.Equal(t, b.path(""), b.file().location())
	_, staff := p.newStaff(record.Reviewer, true)
	b.decide(staff, record.Approve, "")
	counted, err := p.Store.SubjectAt(t.Context(), b.who.subject.ID, time.Time{})
	require.NoError(t, err)
	b.change()
	path := b.desk() + "/at"

	t.Run("N05 the page of today leads there without a script", func(t *testing.T) {
		page := reviewer.get(b.desk())
		require.Contains(t, page.Body, `<form class="then-form" method="get" action="`+path+`"`)
		require.Contains(t, b.get("/history").Body, `action="/history/at"`)
	})
	t.Run("N05 what stood then stands beside what stands today", func(t *testing.T) {
		page := reviewer.get(at(path, counted.At))
		require.Equal(t, http.StatusOK, page.Status, page.text())
		for _, want := range []string{"截至", "的状态", "不是现在的状态", "已生效", "变更审核中", "有变化", "可以参加", "第 1 版"} {
			require.Contains(t, page.text(), want)
		}
		require.Contains(t, page.Body, staffRecordPath(b.id)+"?version=1")
		require.NotContains(t, page.Body, sample.ResidentID(1001), "W29")
		before := reviewer.get(at(path, empty.At))
		require.Contains(t, before.text(), "当时还没有提交过申报")
		require.Contains(t, before.text(), "此后新提交的 1 项")
		require.Contains(t, before.text(), "基本信息尚未提交")
		require.Contains(t, before.text(), registered)
	})
	t.Run("N05 before the registration it says so", func(t *testing.T) {
		page := reviewer.get(at(path, empty.Registered.Add(-time.Hour)))
		require.Equal(t, http.StatusOK, page.Status)
		require.Contains(t, page.text(), "当时还没有注册")
		require.Empty(t, page.step("prev"))
	})
	t.Run("N05 one change leads to the next", func(t *testing.T) {
		page := reviewer.get(at(path, empty.Registered.Add(-time.Hour)))
		steps := 0
		for next := page.step("next"); next != ""; next = page.step("next") {
			page = reviewer.get(next)
			require.Equal(t, http.StatusOK, page.Status, next)
			steps++
			require.Less(t, steps, 50)
		}
		require.Equal(t, 4, steps, "registered, filed, approved, changed")
		require.Contains(t, page.text(), "变更审核中")
		require.Contains(t, reviewer.get(page.step("prev")).text(), "已生效")
	})
	t.Run("N05 a time that is none, or has not come, is given back with the reason", func(t *testing.T) {
		for typed, reason := range map[string]string{"昨天": "请填写日期和时间，例如", "2199-01-01T08:30": "还没有到", "2026-13-01 08:30": "请填写日期和时间"} {
			for _, ask := range []struct {
				*browser
				path string
			}{{reviewer, path}, {b.browser, "/history/at"}} {
				page := ask.get(withQuery(ask.path, url.Values{"time": {typed}}))
				require.Equal(t, http.StatusUnprocessableEntity, page.Status)
				require.Contains(t, page.text(), reason)
				require.Equal(t, typed, page.value("time"))
			}
		}
		require.Equal(t, http.StatusOK, reviewer.get(path).Status, "without a time it is asked for")
		require.Equal(t, http.StatusOK, reviewer.get(withQuery(path, url.Values{"time": {"2026-11-03 09:30"}, "kind": {"x"}, "page": {"99"}})).Status)
	})
	t.Run("N05 W17 the subject sees its own, and nobody else's", func(t *testing.T) {
		own := b.get(at("/history/at", counted.At))
		require.Contains(t, own.text(), "已生效")
		require.Contains(t, own.Body, b.path("/versions/1"))
		require.NotContains(t, own.Body, "/staff/")
		other := p.bidder()
		require.NotContains(t, other.get(at("/history/at", time.Now().Add(-time.Millisecond))).Body, b.who.subject.Name)
		require.Equal(t, http.StatusNotFound, reviewer.get(staffSubjectPath(storage.NewID())+"/at").Status)
		require.Contains(t, b.get(path).location(), "/staff/login")
	})
}

// What an issuer told later of an earlier instant does not change the page of it,
// which says that more is known today.
func TestN05_WhatWasLearnedLaterIsSaidBeside(t *testing.T) {
	p, w := keyPortal(t)
	reviewer, staff := p.newStaff(record.Reviewer, true)
	f := p.firm(w)
	f.write(f.document())
	f.submitDraft()
	f.decide(staff, record.Approve, "")
	good, err := p.Store.SubjectAt(t.Context(), f.who.subject.ID, time.Time{})
	require.NoError(t, err)
	require.True(t, good.Eligibility.Electronic)
	page := reviewer.get(at(f.desk()+"/at", good.At))
	require.NotContains(t, page.text(), "当时已知的情况")
	issuer := f.key.Verified.Issuer.Key
	require.NoError(t, p.Store.CertificateWord(t.Context(), issuer, f.key.Certificate.Serial(), storage.WordRevoked, time.Now().Add(-time.Hour), "keyCompromise"))
	later := reviewer.get(at(f.desk()+"/at", good.At))
	require.Contains(t, later.text(), "当时已知的情况")
	require.Contains(t, later.text(), "吊销", "beside, as it is today")
}
