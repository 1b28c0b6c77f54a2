// Tour: six steps through the built-in tables for those who learn. Each sets the page, names one control to move, and asks one question.
// set: id of a payload. state: settings as in state.js. picture: what to look at. Every number is recomputed by tests/test_tour.py.

const TOUR = [
  {
    title: "What a gradient is",
    set: "noisy",
    state: { rate: 0.1, epoch: 1, rule: "gradient", l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "arithmetic",
    text: [
      "40 rows, and a line through them: prediction = weight · x + bias.",
      "Weight and bias start at 0. So each prediction is 0, and each residual, prediction minus target, is minus the target: 39 of the 40 predictions are too low.",
      "The gradient says how fast the loss changes as a parameter grows. For the bias it is the mean of the residuals, -3.959. For the weight it is the mean of residual times x, -9.868.",
      "A step subtracts learning rate times gradient from each parameter. With the learning rate 0.1 the bias goes to 0.3959 and the weight to 0.9868, and the loss falls from 9.563 to 1.649.",
      "Now press + 1 under Epoch, a few times. Watch the column with the gradient: its numbers shrink as the line gets closer. Before the second step that of the weight is -3.939.",
    ],
    question: "The gradient of the weight is negative. What does the next step do to the weight?",
    answers: [
      { text: "It makes the weight smaller.", right: false, reply: "A step goes against the gradient. To subtract a negative number is to add: 0 - 0.1 · (-9.868) = 0.9868." },
      { text: "It makes the weight larger.", right: true, reply: "A negative gradient says that the loss falls as the weight grows. A step goes against the gradient: 0 - 0.1 · (-9.868) = 0.9868." },
      { text: "It leaves the weight alone and changes the bias first.", right: false, reply: "One step changes all parameters at once, each by its own part of the gradient: the weight by 0.9868 and the bias by 0.3959." },
    ],
  },
  {
    title: "Why this run has not arrived",
    set: "line",
    state: { rate: 0.0001, epoch: 200000, rule: "gradient", l2: 0, standardize: false, objective: "quarter_mse", log: true },
    picture: "loss",
    text: [
      "A run that many tutorials show: 300 rows of y = 0.5x + 2 without noise, learning rate 0.0001, 200,000 epochs.",
      "Look at the loss. It falls from 1,961 to 0.251 in 10 epochs and then lies flat: 0.242 at epoch 1,000. At epoch 200,000 only 8.7e-07 of the first loss is left.",
      "Yet the bias is 1.834, and 2 is true: 8.3% of it is missing, as the verdict says.",
      "There are two directions, called modes. The steep one is nearly all of the loss, and is gone at once. The other is 121,212 times flatter, and most of it is the bias. This ratio is the condition number.",
      "Now move Epoch to the right and watch the verdict. It says Converged from epoch 1,110,807 on: then no mode has more than a millionth of its starting error left.",
    ],
    question: "The loss is down to less than a millionth. Has the run arrived?",
    answers: [
      { text: "Yes. There is hardly any loss left, so the parameters are there.", right: false, reply: "The loss hardly sees the flat direction. 8.3% of the bias is missing, and that costs only 8.7e-07 of the first loss." },
      { text: "No, and a learning rate of 0.001 would bring it there faster.", right: false, reply: "It has not arrived, but the stability limit is 0.000132666. At 0.001 the steep mode would grow without end." },
      { text: "No. The loss is flat, but the flat mode is still on its way.", right: true, reply: "A flat loss does not say that the parameters have arrived. The flat mode has 8.3% of its starting error left; look at What is left of each mode." },
    ],
  },
  {
    title: "Learning rate: too small, too large",
    set: "noisy",
    state: { rate: 0.003, epoch: 100, rule: "gradient", l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "loss",
    text: [
      "The learning rate is 0.003, which is 0.9% of the stability limit. The steps are small: after 100 epochs 35% of the bias is missing.",
      "At 0.3 the same 100 epochs leave 0.029% of it.",
      "A step multiplies the error of a mode by 1 - learning rate · curvature. The steepest mode has the curvature 5.998. From 2 / 5.998 = 0.3334 on its factor is below -1: that is the stability limit.",
      "Now move Learning rate to the right, past the mark best at 0.3218 and the mark limit. Watch the verdict: it needs fewer and fewer epochs up to the best rate. Past the limit the loss turns upwards.",
    ],
    question: "0.3 works well. What happens at 0.35?",
    answers: [
      { text: "The run arrives sooner, since its steps are longer.", right: false, reply: "Longer steps help only up to the best rate, 0.3218. At 0.35 each step goes too far, and the loss after 100 epochs is 1.58e+09." },
      { text: "Each step goes past the minimum, and lands farther from it than before.", right: true, reply: "The factor of the steepest mode is 1 - 0.35 · 5.998 = -1.099. Its error changes sign and grows by 9.9% at each epoch." },
      { text: "The run swings around the minimum for ever, always as far from it.", right: false, reply: "That happens exactly at the limit, where the factor is -1. At 0.35 the factor is -1.099: the swings grow." },
    ],
  },
  {
    title: "Scaling",
    set: "scaled",
    state: { rate: 2.5e-7, epoch: 1000000, rule: "gradient", l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "modes",
    text: [
      "50 houses: the price by age, from 0 to 49 years, and by area, from 593 to 2,918 square feet.",
      "The numbers of the area are large, so the loss is steep along its weight: the curvatures go from 3,989,889 down to 0.0514. The condition number is their ratio, 77,635,023.",
      "The steepest direction sets the limit of the learning rate: 5.013e-07. For the flattest direction such steps are nothing. After 1,000,000 epochs 99% of the bias is missing.",
      "Now tick standardize, and press Use the best, since the limit is another one there. Each input then has the mean 0 and the standard deviation 1, and the condition number is 1.075.",
      "Watch the lines of the modes: all of them are below 1e-06 at epoch 5.",
    ],
    question: "Why does standardizing help so much?",
    answers: [
      { text: "All directions become about equally steep, so that one learning rate suits them all.", right: true, reply: "The curvatures then lie between 0.9637 and 1.036. At the learning rate 1 every mode loses more than 96% of its error at each epoch." },
      { text: "The model fits the data better.", right: false, reply: "The exact minimum is the same model, with the RMSE 5.167 in both. Only the way there is shorter." },
      { text: "The computer adds small numbers more exactly than large ones.", right: false, reply: "Rounding is not what makes it slow. In exact arithmetic the raw run would need as many epochs, 1,075,285,615 at this learning rate." },
    ],
  },
  {
    title: "Momentum",
    set: "collinear",
    state: { rate: 1, epoch: 500, rule: "gradient", momentum: 0.95, l2: 0, standardize: false, objective: "half_mse", log: true },
    picture: "coefficients",
    text: [
      "x1 and x2 are nearly the same here. The rows tell well what the two weights add up to, 2, and badly how they share it.",
      "The condition number is 2,805, and standardizing leaves it at 1,853. Scale is not what is wrong here.",
      "After 500 epochs of plain gradient descent the weights are 1.33 and 0.668. They are heading for 3.03 and -1.03 (dashed), and need 38,749 epochs until no mode has more than a millionth of its starting error left.",
      "Now set Rule to heavy ball. With the momentum 0.95 each step is 95% of the step before, less learning rate times gradient.",
      "Watch the two lines: at epoch 500 the weights are 2.99 and -0.994, and 1,641 epochs are enough.",
    ],
    question: "Why does momentum speed up the slow direction?",
    answers: [
      { text: "It makes x1 and x2 less alike.", right: false, reply: "The data and the condition number, 2,805, stay what they are. Only the way of stepping changes." },
      { text: "It does the same as a learning rate 20 times as large.", right: false, reply: "In the slow direction nearly. But plain gradient descent at the learning rate 20 diverges: its limit is 2. With this momentum the limit is 3.9, and the steep direction stays stable." },
      { text: "The gradient there points the same way at each epoch, so the steps add up.", right: true, reply: "Steps that agree add up to as much as 1 / (1 - 0.95) = 20 times one of them. With the best momentum 551 epochs are enough, where plain gradient descent at its best rate takes 19,378." },
    ],
  },
  {
    title: "Early stopping",
    set: "polynomial",
    state: { rate: 0.2, epoch: 50000, rule: "gradient", l2: 0, standardize: true, objective: "half_mse", log: true },
    picture: "errors",
    text: [
      "25 rows of a sine curve with noise, and 9 features: x, its square, and so on to the 9th power. 25 more rows are held out: the run never sees them.",
      "The training error falls all the way: its RMSE is 0.317 at epoch 694, 0.291 at epoch 50,000 and 0.274 at epoch 1,000,000.",
      "The held-out error does not. It is smallest at epoch 694, where its RMSE is 0.317, too. At epoch 50,000 it is 0.414, and at epoch 1,000,000 it is 0.593: 87% more.",
      "Now move Epoch to the left, to the star. Watch the held-out RMSE in the line below the verdict. The verdict speaks of the training rows only: it says Crawls, and yet no later epoch predicts the held-out rows better.",
    ],
    question: "After epoch 694 the training error falls and the held-out error rises. What does the run learn there?",
    answers: [
      { text: "The noise of its own 25 rows.", right: true, reply: "What is true of these rows only cannot help with others. The flat modes come last, and in them there is more noise than curve. To stop before they have moved has much the effect of a penalty." },
      { text: "The sine curve, better and better.", right: false, reply: "Then the held-out rows, which follow the same curve, would be predicted better as well. Their error rises by 87% up to epoch 1,000,000." },
      { text: "Nothing. All modes have arrived.", right: false, reply: "The weights go on moving: 10,173,855 epochs are needed until no mode has more than a millionth of its starting error left." },
    ],
  },
];
