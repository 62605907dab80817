"""Base models: ordinary modules without symmetry, built from the shapes that a spec declares.

Any `nn.Module` that takes the inputs in order and returns the outputs is a base. These five are
shipped; each file is one of them:

- `mlp.MLP`: everything flattened;
- `item_transformer.ItemTransformer`: a token an item, pair inputs as attention bias;
- `patch_transformer.PatchTransformer`: flattened inputs cut into patches, with the blocks of a ViT.
- `residual_cnn.ResidualCNN`: convolutions on images, as in ResNet-18.
- `edge_messages.EdgeMessages`: message passing along a list of edges, which has S(n) already.
"""
