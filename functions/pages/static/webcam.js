// A still from the webcam.

export function webcam(dialog, take) {
  const video = dialog.querySelector("video"), trouble = dialog.querySelector(".trouble");
  let stream;
  const close = () => { stream?.getTracks().forEach((track) => track.stop()); stream = undefined; video.srcObject = null; };
  dialog.addEventListener("close", close);
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.querySelector(".shoot").addEventListener("click", () => {
    if (!video.videoWidth) return;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => { dialog.close(); take(new File([blob], "webcam.png", { type: "image/png" })); }, "image/png");
  });
  return async () => {
    trouble.hidden = true;
    dialog.showModal();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: true });
      video.srcObject = stream;
      await video.play();
    } catch (error) {
      trouble.textContent = navigator.mediaDevices ? `The camera cannot be used: ${error.message}` : "Browsers give the camera to pages over HTTPS, or from this machine, only.";
      trouble.hidden = false;
    }
  };
}
