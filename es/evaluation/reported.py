"""`es.Evaluation`: a value with what else came out of the evaluation."""

from problems.evaluation import Evaluation

__all__ = ["Evaluation"]
