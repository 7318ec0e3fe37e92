package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner/partnertest"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// apiKey is a key of the interface with those scopes.
func (c *caller) apiKey(scopes ...storage.Scope) string {
	c.t.Helper()
	_, key, err := c.Store.AddAPIKey(c.t.Context(), record.Actor{Role: record.Supervisor}, "trading", scopes, time.Time{})
	require.NoError(c.t, err)
	return key
}

// asks puts a question under a key and checks the answer against the contract.
func (c *caller) asks(key, path string, header ...string) (*http.Response, string) {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := c.ask(r)
	body, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	answer.Body = io.NopCloser(strings.NewReader(string(body)))
	return answer, string(body)
}

func decoded[T any](t *testing.T, body string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(body), &value))
	return value
}

type toldOrganization struct {
	Code, Name, Status string
	BodyType           struct{ Code, Name string } `json:"body_type"`
	Roles              []struct{ Code string }
	Region             struct{ Code, Name string }
	Version            int
	Since              time.Time
	Records            []struct {
		ID, Kind, State string
		Qualification   *struct {
			CertificateNo string `json:"certificate_no"`
			Lines         []struct{ Major, Grade struct{ Name string } }
		}
		Practitioner *struct {
			Name          string
			Registrations []struct{ No string }
		}
	}
	More bool
}

func TestB13_WhatIsInForceOfAnOrganizationIsToldByItsCode(t *testing.T) {
	w := newTown(t, false)
	c := &caller{portal: w.portal, contract: partnertest.NewContract(t), address: w.browser().address}
	key := c.apiKey(storage.ScopeSubjectsRead)
	code := w.firm.who.subject.Code
	answer, body := c.asks(key, "/api/v1/subjects/"+code)
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	told := decoded[toldOrganization](t, body)
	require.Equal(t, code, told.Code)
	require.Equal(t, "in_force", told.Status)
	require.NotEmpty(t, told.Name)
	require.NotEmpty(t, told.BodyType.Name)
	require.NotEmpty(t, told.Roles)
	require.Contains(t, told.Region.Name, "湖南省")
	require.False(t, told.Since.IsZero())
	states := map[string][]string{}
	for _, r := range told.Records {
		states[r.Kind] = append(states[r.Kind], r.State)
		switch {
		case r.State == "voided":
			require.Nil(t, r.Qualification)
			require.Nil(t, r.Practitioner, "of what was taken back no more is told than that")
		case r.Kind == "practitioner":
			require.NotEmpty(t, r.Practitioner.Name)
			require.NotEmpty(t, r.Practitioner.Registrations[0].No)
		}
	}
	require.Equal(t, []string{"voided", "in_force"}, states["practitioner"], "the second one works on, the first was released")
	require.Equal(t, []string{"voided"}, states["qualification"], "what is reviewed for the first time is not told of")
	require.Empty(t, states["award"])
	for _, secret := range append(theSensitive, sample.ResidentID(3003)) {
		require.NotContains(t, body, secret)
	}
	for _, name := range []string{"id_number", "mobile", "phone", "account", "address", "birth", "born", "email"} {
		require.NotContains(t, body, `"`+name, "no such field")
	}

	t.Run("while nothing changes the answer is short", func(t *testing.T) {
		tag := answer.Header.Get("ETag")
		require.NotEmpty(t, tag)
		same, rest := c.asks(key, "/api/v1/subjects/"+code, "If-None-Match", `"other", W/`+tag)
		require.Equal(t, http.StatusNotModified, same.StatusCode)
		require.Empty(t, rest)
		require.Equal(t, tag, same.Header.Get("ETag"))
		changed, rest := c.asks(key, "/api/v1/subjects/"+code, "If-None-Match", `"other"`)
		require.Equal(t, http.StatusOK, changed.StatusCode)
		require.Equal(t, body, rest)
	})
	t.Run("a page at a time", func(t *testing.T) {
		var ids []string
		after := ""
		for {
			_, page := c.asks(key, "/api/v1/subjects/"+code+"?limit=1"+after)
			one := decoded[toldOrganization](t, page)
			for _, r := range one.Records {
				ids, after = append(ids, r.ID), "&after="+r.ID
			}
			if !one.More {
				break
			}
		}
		require.Len(t, ids, len(told.Records))
		for i, r := range told.Records {
			require.Equal(t, r.ID, ids[i])
		}
	})
	t.Run("of whom nothing is told", func(t *testing.T) {
		fresh := w.newOrganization().subject.Code
		for path, want := range map[string]struct {
			status int
			code   string
		}{
			"/api/v1/subjects/" + newCreditCode():            {http.StatusNotFound, "unknown_subject"},
			"/api/v1/subjects/" + w.someone.who.subject.Code: {http.StatusNotFound, "unknown_subject"},
			"/api/v1/subjects/" + fresh:                      {http.StatusNotFound, "not_in_force"},
			"/api/v1/subjects/" + code + "?limit=0":          {http.StatusBadRequest, "limit"},
			"/api/v1/subjects/" + code + "?limit=501":        {http.StatusBadRequest, "limit"},
			"/api/v1/subjects/" + code + "?after=x":          {http.StatusBadRequest, "after"},
		} {
			answer, _ := c.asks(key, path)
			require.Equal(t, want.status, answer.StatusCode, path)
			require.Equal(t, want.code, c.code(answer), path)
		}
		answer, _ := c.asks(c.apiKey(storage.ScopeEligibilityRead, storage.ScopeChangesRead), "/api/v1/subjects/"+code)
		require.Equal(t, http.StatusForbidden, answer.StatusCode)
		require.Equal(t, "scope", c.code(answer))
	})
}

type toldEligibility struct {
	Code              string
	At                time.Time
	Paper, Electronic struct{ Eligible bool }
}

func TestB13_EligibilityIsToldForAnInstantThatHasPassed(t *testing.T) {
	c := newCaller(t)
	key := c.apiKey(storage.ScopeEligibilityRead)
	b := c.inForce()
	path := "/api/v1/subjects/" + b.who.subject.Code + "/eligibility"
	answer, body := c.asks(key, path)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	today := decoded[toldEligibility](t, body)
	require.True(t, today.Paper.Eligible)
	require.False(t, today.Electronic.Eligible)

	before := time.Now().Add(-time.Hour).In(record.Shanghai).Truncate(time.Second)
	answer, body = c.asks(key, path+"?at="+url.QueryEscape(before.Format(time.RFC3339)))
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	then := decoded[toldEligibility](t, body)
	require.False(t, then.Paper.Eligible, "an hour ago nothing was in force")
	require.True(t, before.Equal(then.At), "the answer carries the instant")
	answer, body = c.asks(key, path+"?at="+url.QueryEscape(today.At.Format(time.RFC3339Nano)))
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, today, decoded[toldEligibility](t, body), "the same question has the same answer for ever")

	for at, want := range map[string]string{
		"yesterday": "at", "2026-03-05": "at", "2026-03-05T09:30:00": "at", "1772676000": "at",
		time.Now().Add(time.Hour).Format(time.RFC3339): "at_future",
	} {
		r := httptest.NewRequest(http.MethodGet, path+"?at="+url.QueryEscape(at), nil)
		r.Header.Set("Authorization", "Bearer "+key)
		answer := c.ask(r)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, at)
		require.Equal(t, want, c.code(answer), at)
	}
}

type toldChanges struct {
	Changes []struct {
		ID, Type, Code, Kind, Record string
		Version                      int
	}
	Next string
	More bool
}

func TestB13_ChangesAreReadByCursor(t *testing.T) {
	w := newTown(t, false)
	c := &caller{portal: w.portal, contract: partnertest.NewContract(t), address: w.browser().address}
	key := c.apiKey(storage.ScopeChangesRead)
	var types []string
	cursor, asked := "", 0
	for {
		answer, body := c.asks(key, "/api/v1/changes?limit=3&after="+url.QueryEscape(cursor))
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		told := decoded[toldChanges](t, body)
		for _, change := range told.Changes {
			require.Equal(t, w.firm.who.subject.Code, change.Code, "of persons nothing is told")
			types = append(types, change.Type+" "+change.Kind)
		}
		require.NotEmpty(t, told.Next)
		for _, text := range []string{w.firm.who.subject.Name, "title", "name"} {
			require.NotContains(t, body, text, "contents are in no feed")
		}
		cursor, asked = told.Next, asked+1
		if !told.More {
			break
		}
	}
	require.Greater(t, asked, 1)
	require.Contains(t, types, "effective organization")
	require.Contains(t, types, "voided qualification")
	require.Contains(t, types, "released practitioner")
	require.Contains(t, types, "certificate_bound ")
	_, body := c.asks(key, "/api/v1/changes?after="+url.QueryEscape(cursor))
	told := decoded[toldChanges](t, body)
	require.Empty(t, told.Changes)
	require.Equal(t, cursor, told.Next)

	for query, want := range map[string]string{"after=x": "cursor", "limit=none": "limit", "limit=1000": "limit"} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/changes?"+query, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		answer := c.ask(r)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, query)
		require.Equal(t, want, c.code(answer), query)
	}
	answer, _ := c.asks(c.apiKey(storage.ScopeSubjectsRead), "/api/v1/changes")
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Equal(t, "scope", c.code(answer))
}
