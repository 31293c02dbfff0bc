// Sends, streams, gets and cancels over Connect. Usage: go run . [URL]
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"

	"connectrpc.com/connect"

	a2a "temporal-a2a-example/gen/lf/a2a/v1"
	"temporal-a2a-example/gen/lf/a2a/v1/a2av1connect"
)

func main() {
	url := "http://127.0.0.1:4242"
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	// Every call says which version of A2A it speaks.
	ctx, call := connect.NewClientContext(context.Background())
	call.RequestHeader().Set("A2A-Version", "1.0")
	if err := run(ctx, a2av1connect.NewA2AServiceClient(http.DefaultClient, url)); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, agent a2av1connect.A2AServiceClient) error {
	sent, err := agent.SendMessage(ctx, request("sun"))
	if err != nil {
		return err
	}
	fmt.Println("send:", sent.GetTask().GetStatus().GetState())

	stream, err := agent.SendStreamingMessage(ctx, request("rain"))
	if err != nil {
		return err
	}
	fmt.Print("stream: ")
	for stream.Receive() {
		for _, part := range stream.Msg().GetArtifactUpdate().GetArtifact().GetParts() {
			fmt.Print(part.GetText())
		}
	}
	fmt.Println()
	if err := stream.Err(); err != nil {
		return err
	}

	got, err := agent.GetTask(ctx, &a2a.GetTaskRequest{Id: sent.GetTask().GetId()})
	if err != nil {
		return err
	}
	fmt.Println("get:", got.GetStatus().GetState())

	wind := request("wind")
	wind.Configuration = &a2a.SendMessageConfiguration{ReturnImmediately: true}
	started, err := agent.SendMessage(ctx, wind)
	if err != nil {
		return err
	}
	canceled, err := agent.CancelTask(ctx, &a2a.CancelTaskRequest{Id: started.GetTask().GetId()})
	if err != nil {
		return err
	}
	fmt.Println("cancel:", canceled.GetStatus().GetState())
	return nil
}

func request(text string) *a2a.SendMessageRequest {
	return &a2a.SendMessageRequest{Message: &a2a.Message{
		MessageId: rand.Text(),
		Role:      a2a.Role_ROLE_USER,
		Parts:     []*a2a.Part{{Content: &a2a.Part_Text{Text: text}}},
	}}
}
