package main

import (
	"context"
	"net/http"
)

// stored fetches an answer that is larger than the server's platform passes on from where it is stored; any
// other answer is returned as it is. Nothing that identifies us to the server goes along.
func stored(ctx context.Context, answer *http.Response) (*http.Response, error) {
	if answer.StatusCode != http.StatusSeeOther {
		return answer, nil
	}
	from := answer.Request.URL
	target, err := from.Parse(answer.Header.Get("Location"))
	if err != nil || (target.Scheme != from.Scheme && target.Scheme != "https") || target.Host == "" {
		return answer, nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return answer, nil
	}
	request.Header.Set("User-Agent", "darkroom-go/"+version)
	found, err := newClient().Do(request)
	if err != nil {
		return nil, explainSend(ctx, target, true, err)
	}
	return found, nil
}
