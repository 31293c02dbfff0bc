import com.google.lf.a2a.v1.A2AServiceGrpc;
import com.google.lf.a2a.v1.CancelTaskRequest;
import com.google.lf.a2a.v1.GetTaskRequest;
import com.google.lf.a2a.v1.Message;
import com.google.lf.a2a.v1.Part;
import com.google.lf.a2a.v1.Role;
import com.google.lf.a2a.v1.SendMessageRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.net.URI;
import java.util.UUID;

/** Sends, streams, gets and cancels over gRPC. Usage: mvn -q compile exec:java -Dexec.args=URL */
public class Client {
  public static void main(String[] args) {
    var url = URI.create(args.length > 0 ? args[0] : "http://127.0.0.1:4242");
    var version = new Metadata();
    version.put(Metadata.Key.of("a2a-version", Metadata.ASCII_STRING_MARSHALLER), "1.0");

    var channel = Grpc.newChannelBuilder(url.getAuthority(), InsecureChannelCredentials.create()).build();
    try {
      run(A2AServiceGrpc.newBlockingStub(channel)
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(version)));
    } finally {
      channel.shutdownNow();
    }
  }

  static void run(A2AServiceGrpc.A2AServiceBlockingStub agent) {
    var sent = agent.sendMessage(request("sun").build()).getTask();
    System.out.println("send: " + sent.getStatus().getState());

    System.out.print("stream: ");
    var events = agent.sendStreamingMessage(request("rain").build());
    while (events.hasNext()) {
      for (var part : events.next().getArtifactUpdate().getArtifact().getPartsList()) System.out.print(part.getText());
    }
    System.out.println();

    var got = agent.getTask(GetTaskRequest.newBuilder().setId(sent.getId()).build());
    System.out.println("get: " + got.getStatus().getState());

    var wind = request("wind");
    wind.getConfigurationBuilder().setReturnImmediately(true);
    var started = agent.sendMessage(wind.build()).getTask();
    var canceled = agent.cancelTask(CancelTaskRequest.newBuilder().setId(started.getId()).build());
    System.out.println("cancel: " + canceled.getStatus().getState());
  }

  static SendMessageRequest.Builder request(String text) {
    return SendMessageRequest.newBuilder().setMessage(Message.newBuilder()
        .setMessageId(UUID.randomUUID().toString())
        .setRole(Role.ROLE_USER)
        .addParts(Part.newBuilder().setText(text)));
  }
}
